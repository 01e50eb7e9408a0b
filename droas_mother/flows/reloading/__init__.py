"""From changed files to bots that have confirmed them."""
