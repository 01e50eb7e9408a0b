"""What travels on the ZeroMQ sockets: frames, calls, topics, heartbeats."""
