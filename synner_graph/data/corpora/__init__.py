"""Corpora by name: what is known of them, where they lie, what was read before."""
