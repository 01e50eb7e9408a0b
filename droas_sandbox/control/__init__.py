"""The sandbox's own interface: make the world, act as people, arm faults, look at everything."""
