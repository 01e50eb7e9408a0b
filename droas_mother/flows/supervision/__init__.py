"""Bots are kept as they are wanted, and told of."""
