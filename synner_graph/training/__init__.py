"""Training: from a corpus to a run folder."""
