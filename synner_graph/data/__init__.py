"""What a sentence is, and every way in and out of a file."""
