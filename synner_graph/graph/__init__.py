"""Sentences as graphs: edges, batched graphs, and the backends that pass messages along them."""
