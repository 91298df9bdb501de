"""Other recognisers, each in an environment of its own, on the same sentences and time."""
