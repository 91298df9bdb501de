"""Measurements that print what they compare, side by side, in one process."""
