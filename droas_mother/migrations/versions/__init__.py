"""One file a revision; each goes forward only."""
