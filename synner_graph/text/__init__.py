"""Raw texts: read from files, named, written."""
