"""The recogniser inside other programs."""
