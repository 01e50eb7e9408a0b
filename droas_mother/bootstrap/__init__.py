"""Names every adapter once and joins them to the flows, a room each: ground, bots, protection, admin."""
