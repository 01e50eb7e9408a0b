"""REST v10: one file a resource; `door.py` is what every request passes."""
