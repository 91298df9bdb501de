"""Encoders: from sentences to one vector a token."""
