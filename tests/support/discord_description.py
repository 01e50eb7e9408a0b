"""Discord's own OpenAPI description, held against what the sandbox answers.

Where it lies on this machine every REST answer of the sandbox's tests is checked against it; elsewhere nothing
is. Discord says: where it contradicts the documentation, follow the documentation; `OVERRULED` says where.
"""

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_URN = "urn:discord"
_METHODS = ("get", "put", "post", "delete", "patch")

OVERRULED: dict[tuple[str, str], str] = {}
"""Method and path of operations that are not checked, and why."""

MISSING = (
    "nothing to hold the answers against: DROAS_DISCORD_OPENAPI names no copy of specs/openapi.json "
    "from github.com/discord/discord-api-spec"
)
"""Why a test is skipped that checks nothing else."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its path as a pattern, and the pointer to its responses."""

    pattern: re.Pattern[str]
    names: int
    responses: dict[str, Any]
    where: tuple[str, str]


class DiscordDescription:
    """Checks objects and answers.

    Args:
        document: the OpenAPI document.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_URN, resource)
        self._checker = FormatChecker()
        self._validators: dict[str, Draft202012Validator] = {}

    def faults(self, schema: str, value: Any) -> list[str]:
        """Give what contradicts a named schema."""
        return self._judge({"$ref": f"{_URN}#/components/schemas/{schema}"}, value)

    def faults_of_answer(self, method: str, path: str, status: int, value: Any) -> list[str]:
        """Give what contradicts the description of an answer; nothing for operations that it does not list.

        Args:
            method: of the request.
            path: of the request, without base and query.
            status: of the answer.
            value: the decoded body, None for none.
        """
        operation = self._find(method, path)
        if operation is None or operation.where in OVERRULED:
            return []
        response = operation.responses.get(str(status)) or operation.responses.get(f"{status // 100}XX")
        if response is None:
            return [f"{operation.where}: {status} is not among {sorted(operation.responses)}"]
        if "$ref" in response:
            response = self._document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        described = response.get("content", {}).get("application/json")
        if described is None or value is None:
            return [] if described is None and value is None else [f"{operation.where}: body {value!r}"]
        if status >= 400:
            value = {**value, "errors": _numbered(value["errors"])} if "errors" in value else value
        return [f"{operation.where}: {fault}" for fault in self._judge(described["schema"], value)]

    def _judge(self, schema: dict[str, Any], value: Any) -> list[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            absolute = json.loads(key.replace('"#/components', f'"{_URN}#/components'))
            self._validators[key] = Draft202012Validator(
                absolute, registry=self._registry, format_checker=self._checker
            )
        return [f"{one.json_path}: {one.message[:300]}" for one in self._validators[key].iter_errors(value)]

    @cached_property
    def _operations(self) -> list[Operation]:
        found = [
            Operation(
                re.compile(
                    re.sub(
                        r"\\?\{[^}]+\\?\}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
                    )
                ),
                path.count("{"),
                described["responses"],
                (method.upper(), path),
            )
            for path, methods in self._document["paths"].items()
            for method, described in methods.items()
            if method in _METHODS
        ]
        return sorted(found, key=lambda one: one.names)

    def _find(self, method: str, path: str) -> Operation | None:
        """Give the operation of a path, the one with the fewest names in it when several fit."""
        for operation in self._operations:
            if operation.where[0] == method and operation.pattern.fullmatch(path):
                return operation
        return None


def _numbered(tree: Any) -> Any:
    """Give a tree of errors with numbers for its leaves' codes: texts in reality, numbers in the description."""
    if isinstance(tree, list):
        return [{**leaf, "code": 0} for leaf in tree]
    return {key: _numbered(value) for key, value in tree.items()} if isinstance(tree, dict) else tree


def find_description(root: Path) -> DiscordDescription | None:
    """Give the description that DROAS_DISCORD_OPENAPI names, or that lies beside the checkout; None without."""
    named = os.environ.get("DROAS_DISCORD_OPENAPI")
    path = Path(named) if named else root.parent / "shared" / "data" / "discord" / "openapi.json"
    return DiscordDescription(json.loads(path.read_text())) if path.is_file() else None
