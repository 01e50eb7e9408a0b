"""The admin interface: one table of routes, served on a Unix socket, described by OpenAPI."""
