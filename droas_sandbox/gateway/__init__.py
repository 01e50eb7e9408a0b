"""The gateway: sessions, connections, and who hears what."""
