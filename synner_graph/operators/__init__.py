"""Operators on ragged rows: plain functions, each with a naive twin that shows the equations."""
