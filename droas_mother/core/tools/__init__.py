"""Who may call which tool, how often, and whose turn it is."""
