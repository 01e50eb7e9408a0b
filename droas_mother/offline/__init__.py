"""The half of droasctl that needs libraries and no running mother: configuration, secrets, database."""
