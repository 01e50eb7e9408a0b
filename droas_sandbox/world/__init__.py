"""The state of the sandbox: groups, people, messages; every change is an event."""
