"""Hand a run on: as a wheel that pip installs, and as a repository on the Hugging Face hub."""
