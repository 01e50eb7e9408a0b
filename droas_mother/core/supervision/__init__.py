"""Bots: what they are, what happens to them, and what is next."""
