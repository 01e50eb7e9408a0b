"""The metadata of sops as its three kinds of files write them."""

import json
from collections.abc import Mapping
from typing import Any

from droas_mother.core.configuration.documents import METADATA

FORMAT_VERSION = "3.11.0"
"""The version of sops whose files ours are like."""


def as_yaml(metadata: Mapping[str, Any]) -> str:
    """Give the block for the end of a YAML document."""
    return f"{METADATA}:\n{_block(metadata, 4)}"


def _block(value: Any, indent: int) -> str:
    pad = " " * indent
    lines = ""
    for key, one in value.items():
        if isinstance(one, list):
            lines += f"{pad}{key}:\n"
            for item in one:
                inner = _block(item, indent + 6)
                lines += f"{pad}    - {inner.lstrip()}"
        elif isinstance(one, dict):
            lines += f"{pad}{key}:\n{_block(one, indent + 4)}"
        elif isinstance(one, str) and one.endswith("\n") and "\n" in one[:-1]:
            body = "".join(f"{pad}  {line}\n" for line in one.splitlines())
            lines += f"{pad}{key}: |\n{body}"
        else:
            plain = isinstance(one, str) and key in ("mac", "recipient", "version")
            lines += f"{pad}{key}: {one if plain else json.dumps(one)}\n"
    return lines


def as_json(metadata: Mapping[str, Any]) -> str:
    """Give the member for the end of a JSON object."""
    text = json.dumps(metadata, indent="\t", ensure_ascii=False).replace("\n", "\n\t")
    return f'\t"{METADATA}": {text}'


def as_variables(metadata: Mapping[str, Any]) -> str:
    """Give the lines for the end of a file of variables."""
    lines = []
    for key, value in metadata.items():
        if isinstance(value, list):
            for index, item in enumerate(value):
                lines += [
                    f"{METADATA}_{key}__list_{index}__map_{name}={_one_line(one)}"
                    for name, one in item.items()
                ]
        else:
            lines.append(f"{METADATA}_{key}={_one_line(value)}")
    return "".join(f"{line}\n" for line in sorted(lines))


def _one_line(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\n", "\\n")
