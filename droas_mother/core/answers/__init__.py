"""What the admin interface answers, as values."""
