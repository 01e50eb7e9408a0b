"""YAML files in, a validated configuration out; every fault with file, line and column.

`droas.yaml` is the mother's, each `bots/*.yaml` is one bot's. A fault in a bot's file stops that bot only;
a fault in the mother's file stops everything.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from droas_common.errors import ConfigurationError
from droas_common.ids import BOT_NAME_PATTERN, BotName
from droas_common.settings import BotSettings
from droas_mother.core.placeholders import expand
from droas_mother.core.settings import BotFile, Configuration, MotherSettings

MAX_FILE_BYTES = 1024 * 1024
_MAX_ALIASES = 50
MOTHER_FILE = "droas.yaml"
BOTS_FOLDER = "bots"

Path_ = tuple[str | int, ...]


class FaultyFileError(ConfigurationError):
    """One or more faults of one file, a line each: `file:line:column: what is wrong`."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file: its plain data with placeholders replaced, and where each value stands."""

    data: dict[str, Any]
    positions: dict[Path_, tuple[int, int]]
    path: Path

    def fault(self, path: Path_, words: str) -> str:
        """Say that something at this place is wrong; the nearest known ancestor's place is used."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.positions:
                line, column = self.positions[path[:length]]
                return f"{self.path}:{line}:{column}: {words}"
        return f"{self.path}:1:1: {words}"


def load(folder: Path, environment: Mapping[str, str] | None = None) -> Configuration:
    """Read a configuration folder.

    Args:
        folder: holds `droas.yaml` and `bots/`.
        environment: where placeholders come from; the process's own when absent.

    Raises:
        ConfigurationError: the mother's file is missing or faulty, or there are more bots than allowed.
    """
    environment = os.environ if environment is None else environment
    mother = _load_mother(folder / MOTHER_FILE, environment)
    bots: dict[BotName, BotSettings] = {}
    problems: list[str] = []
    for path in sorted((folder / BOTS_FOLDER).glob("*.y*ml")):
        try:
            bots[_bot_name(path)] = _load_bot(path, environment)
        except FaultyFileError as faults:
            problems += faults.lines
    problems += _doubled_tokens(folder, bots)
    if len(bots) > mother.max_bots:
        raise ConfigurationError(
            f"{folder / BOTS_FOLDER}: {len(bots)} bots are configured, more than the {mother.max_bots} allowed; "
            f"remove files or raise max_bots in {MOTHER_FILE}"
        )
    return Configuration(mother=mother, bots=bots, problems=tuple(problems))


def _bot_name(path: Path) -> BotName:
    if not re.match(BOT_NAME_PATTERN, path.stem):
        raise FaultyFileError(
            [f"{path}:1:1: a bot is named by its file: lower-case letters, digits, - and _, at most 32"]
        )
    return BotName(path.stem)


def _doubled_tokens(folder: Path, bots: dict[BotName, BotSettings]) -> list[str]:
    """Take out every bot whose token an earlier one has already: Discord would end both."""
    owners: dict[str, BotName] = {}
    lines: list[str] = []
    for name in list(bots):
        token = bots[name].discord_token.get_secret_value()
        owner = owners.setdefault(token, name)
        if owner != name:
            del bots[name]
            place = folder / BOTS_FOLDER / f"{name}.yaml"
            lines.append(f"{place}:1:1: the discord_token is also {owner}'s; every bot needs its own")
    return lines


def _load_mother(path: Path, environment: Mapping[str, str]) -> MotherSettings:
    if not path.exists():
        raise ConfigurationError(f"{path}: there is no such file; name the folder that holds {MOTHER_FILE}")
    document = read_document(path, environment)
    try:
        return MotherSettings.from_file(document.data)
    except pydantic.ValidationError as error:
        raise FaultyFileError(_describe(document, error, environment)) from None


def _load_bot(path: Path, environment: Mapping[str, str]) -> BotSettings:
    document = read_document(path, environment)
    try:
        return BotFile.model_validate(document.data).bot_config
    except pydantic.ValidationError as error:
        raise FaultyFileError(_describe(document, error, environment)) from None


def read_document(path: Path, environment: Mapping[str, str]) -> Document:
    """Parse one file and replace its placeholders; raises FaultyFileError."""
    text = _read_text(path)
    loader = YAML(typ="rt", pure=True)
    loader.allow_duplicate_keys = False
    loader.max_depth = 32
    try:
        tree = loader.load(text)
    except MarkedYAMLError as error:
        raise FaultyFileError([_describe_syntax(path, error)]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise FaultyFileError([f"{path}:1:1: this is not YAML: {type(error).__name__}"]) from None
    if tree is None:
        tree = CommentedMap()
    if not isinstance(tree, CommentedMap):
        raise FaultyFileError([f"{path}:1:1: expected `key: value` lines at the top"])
    positions: dict[Path_, tuple[int, int]] = {(): (1, 1)}
    problems: list[tuple[Path_, str]] = []
    data = _plain(tree, (), positions, problems, environment)
    document = Document(data=data, positions=positions, path=path)
    if problems:
        raise FaultyFileError([document.fault(place, words) for place, words in problems])
    return document


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FaultyFileError([f"{path}:1:1: cannot be read: {error.strerror}"]) from None
    if len(raw) > MAX_FILE_BYTES:
        raise FaultyFileError(
            [f"{path}:1:1: the file has {len(raw)} bytes, more than the {MAX_FILE_BYTES} allowed"]
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FaultyFileError([f"{path}:{line}:1: the file is not UTF-8 text"]) from None
    if text.count("*") > _MAX_ALIASES and len(re.findall(r"(?m)[\s\[,:-]\*\w", text)) > _MAX_ALIASES:
        raise FaultyFileError([f"{path}:1:1: more than {_MAX_ALIASES} aliases; write the values out"])
    return text


def _describe_syntax(path: Path, error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    words = str(error.problem or "this is not YAML").split("\n")[0]
    # A duplicate key's message quotes the value, which may be a secret.
    words = re.sub(r" with value .*", "", words)
    return f"{path}:{line}:{column}: {words}"


def _plain(
    node: Any,
    place: Path_,
    positions: dict[Path_, tuple[int, int]],
    problems: list[tuple[Path_, str]],
    environment: Mapping[str, str],
) -> Any:
    """Turn a parsed node into plain data, noting where each value stands."""
    if isinstance(node, CommentedMap):
        result: dict[str, Any] = {}
        for key, value in node.items():
            at = (*place, str(key))
            line, column = node.lc.value(key) if key in node.lc.data else (0, 0)
            positions[at] = (line + 1, column + 1)
            result[str(key)] = _plain(value, at, positions, problems, environment)
        return result
    if isinstance(node, CommentedSeq):
        items: list[Any] = []
        for index, value in enumerate(node):
            at = (*place, index)
            line, column = node.lc.item(index)
            positions[at] = (line + 1, column + 1)
            items.append(_plain(value, at, positions, problems, environment))
        return items
    if isinstance(node, str):
        expansion = expand(str(node), environment)
        problems += [(place, words) for words in expansion.problems]
        return expansion.text
    if isinstance(node, bool | int | float | None):
        return node
    return str(node)


def _describe(
    document: Document, error: pydantic.ValidationError, environment: Mapping[str, str]
) -> list[str]:
    """Say each fault of a validation in one line, at its place."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        place = tuple(fault["loc"])
        name = ".".join(map(str, place)) or "the file"
        if fault["type"] == "extra_forbidden":
            words = f"{name}: there is no such setting"
        elif fault["type"] == "missing":
            words = f"{name}: is missing"
        else:
            words = f"{name}: {fault['msg']}"
        variable = "DROAS_" + "__".join(map(str, place)).upper()
        if variable in environment:  # it stands above the file, so the fault is there
            lines.append(f"{variable}: {words}")
        else:
            lines.append(document.fault(place, words))
    return lines
