"""From a message to a decision, and from a decision to Discord."""
