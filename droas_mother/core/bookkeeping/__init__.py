"""What is written down: coins, decisions, and the chains that hold them together."""
