"""The network and the batches that it reads."""
