"""What drives: from a question through the model and the tools to an answer."""
