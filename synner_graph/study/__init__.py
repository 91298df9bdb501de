"""Studies: the same training over a grid of settings and seeds, in one table."""
