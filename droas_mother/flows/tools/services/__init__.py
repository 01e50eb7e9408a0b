"""The tools that the mother offers: one service a file."""
