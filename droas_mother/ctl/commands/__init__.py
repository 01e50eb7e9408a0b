"""The commands, a module a group; a module is imported when one of its commands is given."""

from importlib import import_module

from droas_mother.ctl.command import Command

MODULES = {
    "list": "look",
    "status": "look",
    "describe": "look",
    "top": "top",
    "start": "steer",
    "stop": "steer",
    "restart": "steer",
    "logs": "follow",
    "events": "follow",
    "audit": "records",
    "ledger": "records",
    "user": "people",
    "tools": "tools",
    "client": "clients",
    "mcp": "mcp",
    "config": "config",
    "db": "db",
    "secrets": "secrets",
    "init": "init",
    "health": "look",
    "completion": "completion",
}
"""Which module has which command; the order is that of the help."""

SUMMARIES = {
    "list": "print the bots' names",
    "status": "show how the bots are",
    "describe": "tell everything about one bot",
    "top": "watch the bots on a live screen",
    "start": "start bots",
    "stop": "end bots in good order",
    "restart": "end bots in good order and start them again",
    "logs": "show a bot's log lines",
    "events": "show what happens to the bots",
    "audit": "show, follow, search and verify decisions",
    "ledger": "verify the coins' ledger",
    "user": "export or erase what is kept of a person",
    "tools": "list and call tools",
    "client": "add, list and revoke external clients",
    "mcp": "serve the tools over the Model Context Protocol",
    "db": "back up, restore, migrate and check the database",
    "config": "examine and edit the configuration",
    "secrets": "encrypt, edit and rotate encrypted files",
    "init": "write a first configuration",
    "health": "ask whether the mother herself is well",
    "completion": "print a completion script for a shell",
}


def load(name: str) -> Command:
    """Give a command by its name."""
    module = import_module(f"{__name__}.{MODULES[name]}")
    command: Command = module.COMMANDS[name]
    return command
