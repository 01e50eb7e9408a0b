"""The mother's own bot: messages in as facts, protective acts out."""
