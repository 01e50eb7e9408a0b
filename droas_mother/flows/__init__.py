"""What drives: straight lines from an event through a decision to an adapter."""
