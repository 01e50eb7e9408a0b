"""One rule a file: its settings and its judgement. Rules do not know one another."""
