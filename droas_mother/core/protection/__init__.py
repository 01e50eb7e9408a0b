"""Messages: what is known of them, and what shall be done about them."""
