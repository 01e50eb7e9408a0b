"""From one configuration to the next: what differs, what that takes, and whether it may stay."""
