"""Configuration folders: read, decrypted, interpreted, edited."""
