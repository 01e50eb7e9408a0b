"""What touches the world: processes, sockets, files, databases, Discord."""
