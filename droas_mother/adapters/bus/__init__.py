"""The ZeroMQ sockets: keys, health, logs, events, tool calls."""
