"""From a frame on the tool socket to a commit and an answer."""
