"""Accounts, profiles and the audit, in SQLite or PostgreSQL."""
