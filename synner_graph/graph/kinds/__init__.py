"""Edges of each family of kinds, as arrays: one module a family, called by the EdgeInventory."""
