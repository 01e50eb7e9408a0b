"""droasctl: a client of the mother's admin interface; works when she is dead."""
