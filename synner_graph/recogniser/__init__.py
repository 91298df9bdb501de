"""A recogniser: the model with its vocabularies and tokenizer, and its run folder."""
