"""Corpora by name: what is known of them, where their files are, and a cache of what was read."""
