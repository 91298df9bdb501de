"""Operators on ragged rows: plain functions, each with a reference that shows the equations."""
