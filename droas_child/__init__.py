"""One Discord bot in a process of its own."""
