"""Words that a model knows, their vectors, and what was computed for each."""
