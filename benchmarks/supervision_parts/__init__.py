"""The contestants of the supervision benchmark, one a module, and what they have in common."""
