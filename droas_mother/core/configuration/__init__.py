"""What a configuration is and what is wrong with one: decided without touching a disk."""
