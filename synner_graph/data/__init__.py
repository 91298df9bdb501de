"""Sentences, and reading and writing them in files."""
