"""The control plane: starts, watches, protects and equips the child bots."""
