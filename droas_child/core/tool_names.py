"""Tools as a model is offered them: names without dots, results as data."""

from collections.abc import Iterable
from typing import Any

from droas_common.wire.calls import ToolDescription

Json = dict[str, Any]
_DOT = "__"


def offered_name(name: str) -> str:
    """Give a tool's name as models may spell it: OpenAI allows letters, digits, _ and - only."""
    return name.replace(".", _DOT)


def real_name(offered: str) -> str:
    """Give the name that the mother knows."""
    return offered.replace(_DOT, ".")


def offer(tools: Iterable[ToolDescription]) -> list[Json]:
    """Give the `tools` of a chat request."""
    return [
        {
            "type": "function",
            "function": {
                "name": offered_name(tool.name),
                "description": tool.description,
                "parameters": tool.input_schema,
            },
        }
        for tool in tools
    ]
