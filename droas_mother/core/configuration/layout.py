"""Which file of a configuration folder is whose.

::

    droas.yaml  droas.d/*.yaml                   the mother's
    bots/NAME.yaml  bots/NAME/*.yaml             one bot's
    protection/NAME.yaml  protection/NAME/*.yaml one policy's
    *.env  environment                           variables for placeholders

A file may be YAML (`.yaml`, `.yml`) or JSON (`.json`). Hidden files and those that editors leave behind are
nobody's. Several files of one owner are merged in the order of their paths, the file before the folder.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from droas_common.ids import BOT_NAME_PATTERN

MOTHER_FILE = "droas.yaml"
BOTS, POLICIES, MOTHERS = "bots", "protection", "droas.d"
FOLDERS = (MOTHERS, BOTS, POLICIES)
DATA_ENDINGS = (".yaml", ".yml", ".json")
_LEFT_BEHIND = re.compile(r"^\.|~$|^#.*#$|\.(?:swp|swo|swx|tmp|bak|orig|rej|part)$|^4913$")
NAME_RULE = "lower-case letters, digits, - and _, at most 32"


class Kind(StrEnum):
    """Whose a file is."""

    MOTHER = "mother"
    BOT = "bot"
    POLICY = "policy"
    VARIABLES = "variables"


class Owner(NamedTuple):
    """Whose a file is, by name where there are several."""

    kind: Kind
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The files of a folder, in the order in which they count.

    Args:
        mother: her files.
        bots: the files of each bot.
        policies: the files of each policy.
        variables: files of variables.
        misnamed: files whose name names no bot or policy.
    """

    mother: list[str] = field(default_factory=list)
    bots: dict[str, list[str]] = field(default_factory=dict)
    policies: dict[str, list[str]] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)


def is_left_behind(name: str) -> bool:
    """Say whether a file is hidden, or an editor's."""
    return bool(_LEFT_BEHIND.search(name))


def owner_of(path: str) -> Owner | None:
    """Say whose a file is; None when it is nobody's."""
    parts = path.split("/")
    if any(map(is_left_behind, parts)):
        return None
    stem, _, ending = parts[-1].rpartition(".")
    if len(parts) == 1 and (ending == "env" or path == "environment"):
        return Owner(Kind.VARIABLES)
    if f".{ending}" not in DATA_ENDINGS or not stem:
        return None
    match parts:
        case ["droas.yaml" | "droas.yml" | "droas.json"] | ["droas.d", _]:
            return Owner(Kind.MOTHER)
        case ["bots" | "protection" as folder, *between, _] if len(between) <= 1:
            return Owner(Kind.BOT if folder == BOTS else Kind.POLICY, between[0] if between else stem)
        case _:
            return None


def arrange(paths: Iterable[str]) -> Layout:
    """Sort a folder's files by their owners."""
    layout = Layout()
    for path in sorted(paths, key=lambda one: (one.count("/"), one)):
        owner = owner_of(path)
        if owner is None:
            continue
        if owner.kind is Kind.MOTHER:
            layout.mother.append(path)
        elif owner.kind is Kind.VARIABLES:
            layout.variables.append(path)
        elif not re.match(BOT_NAME_PATTERN, owner.name):
            layout.misnamed.append(path)
        else:
            places = layout.bots if owner.kind is Kind.BOT else layout.policies
            places.setdefault(owner.name, []).append(path)
    return layout
