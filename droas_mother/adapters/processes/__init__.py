"""Children as processes of the operating system."""
