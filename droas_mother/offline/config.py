"""`droasctl config`: a folder examined and edited without a mother."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import BaseModel

from droas_common.errors import ConfigurationError, NoInputError, UsageError
from droas_common.ids import BotName
from droas_mother.adapters.configuration.editing import changed, place_of, value_of
from droas_mother.adapters.configuration.examination import Examination
from droas_mother.adapters.configuration.file_writing import replace_file
from droas_mother.adapters.configuration.folder import read_tree
from droas_mother.adapters.configuration.folder_files import FolderFiles
from droas_mother.adapters.configuration.interpretation import examine
from droas_mother.core.configuration.diagnosis import Diagnosis, FaultyConfigurationError, Span
from droas_mother.core.configuration.documents import Document, Place
from droas_mother.core.configuration.explaining import Told, told
from droas_mother.core.configuration.layout import Kind, Owner, owner_of
from droas_mother.core.configuration.overlooked import unknown_tools
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.protection.policy_settings import PolicyFile
from droas_mother.core.settings import BotFile, MotherSettings
from droas_mother.core.tools.tool_settings import EconomySettings
from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.command import show
from droas_mother.ctl.terminal import colourful, out
from droas_mother.flows.tools.services import economy, users

_MODELS: dict[Kind, type[BaseModel]] = {
    Kind.MOTHER: MotherSettings,
    Kind.BOT: BotFile,
    Kind.POLICY: PolicyFile,
}


def _read(folder: Path) -> Tree:
    """Read a folder; raises ConfigurationError when a file was named in its place."""
    if folder.is_file():
        FolderFiles(folder).insist_on_folder()
    return read_tree(folder)


def _validate(arguments: Namespace) -> int:
    found = examine(_read(Path(arguments.folder)), os.environ, arguments.set)
    warned = (*found.warnings, *unknown_tools(_tools_named(found), _tools()))
    if arguments.json:
        problems = [one.as_json() for one in found.diagnoses]
        warnings = [one.as_json() for one in warned]
        value = {
            "folder": arguments.folder,
            "valid": not problems,
            "problems": problems,
            "warnings": warnings,
        }
        show(value, list, as_json=True)
    elif found.diagnoses:
        _complain(found.diagnoses)
        count = len(found.diagnoses)
        sys.stderr.write(f"droasctl: {arguments.folder}: {count} fault{'s' if count > 1 else ''}\n")
    elif found.configuration is not None:
        bots = ", ".join(found.configuration.bots) or "no bot"
        out(f"{arguments.folder}: valid ({bots})")
    for one in () if arguments.json else warned:
        sys.stderr.write(f"droasctl: warning: {one.headline}\n")
    return codes.CONFIGURATION if found.diagnoses else codes.OK


def _tools_named(found: Examination) -> Iterator[tuple[Span, str, BotName | None]]:
    if found.configuration is None or found.layers is None:
        return
    for tool in found.configuration.mother.tools.tool_rates:
        yield found.layers.span(("tools", "tool_rates", tool), of_key=True), tool, None
    for name, bot in found.configuration.bots.items():
        document = found.written[Owner(Kind.BOT, name)]
        for number, pattern in enumerate(bot.tools):
            yield document.span(("bot_config", "tools", number)), pattern, name


def _tools() -> list[str]:
    return [tool.name for tool in (*economy.tools(economy.Economy(EconomySettings())), *users.tools())]


def _complain(diagnoses: tuple[Diagnosis, ...]) -> None:
    colour = colourful(sys.stderr)
    sys.stderr.write("".join(f"{one.text(colour=colour)}\n" for one in diagnoses))


def _show(arguments: Namespace) -> int:
    found = examine(_read(Path(arguments.folder)), os.environ, arguments.set)
    if found.configuration is None:
        raise FaultyConfigurationError(found.diagnoses)
    rows = list(_settings(found))
    if arguments.json:
        show({"folder": arguments.folder, "settings": [asdict(one) for one in rows]}, list, as_json=True)
        return codes.OK
    width = max(len(_line(one)) for one in rows if len(_line(one)) < _WIDE)
    owner = ""
    for one in rows:
        if one.owner != owner:
            out(*([""] if owner else []), f"# {one.owner}")
            owner = one.owner
        origin = f"  # {one.where or one.kind}" if arguments.origin else ""
        out(f"{_line(one):<{width if origin else 0}}{origin}")
    _complain(found.diagnoses)
    return codes.CONFIGURATION if found.diagnoses else codes.OK


_WIDE = 72


def _line(one: Told) -> str:
    return f"{one.name}: {json.dumps(one.value, ensure_ascii=False)}"


def _settings(found: Examination) -> Iterator[Told]:
    configuration, layers = found.configuration, found.layers
    if configuration is None or layers is None:
        return
    written = found.written[Owner(Kind.MOTHER)]
    yield from told("mother", configuration.mother, (), written=written, origin=layers.origin)
    for name, bot in configuration.bots.items():
        document = found.written[Owner(Kind.BOT, name)]
        yield from told(f"bot {name}", bot, ("bot_config",), written=document, origin=_origin(document))
    for policy_name, policy in configuration.policies.items():
        document = found.written[Owner(Kind.POLICY, policy_name)]
        yield from told(
            f"policy {policy_name}", policy, ("policy",), written=document, origin=_origin(document)
        )


def _origin(document: Document) -> Callable[[Place], Span | None]:
    return lambda place: document.entries[place].value if place in document.entries else None


def _set(arguments: Namespace) -> int:
    folder = Path(arguments.config)
    path = _within(folder, arguments.file)
    owner = owner_of(path)
    if owner is None or owner.kind not in _MODELS:
        raise UsageError(
            f"{path}: this is no file of the configuration in {folder}; name one as bots/helper.yaml"
        )
    model = _MODELS[owner.kind]
    written = sys.stdin.read().rstrip("\n") if arguments.value == "-" else arguments.value
    place = place_of(arguments.name, model)
    tree = _read(folder)
    if path not in tree.files:
        raise NoInputError(f"{tree.shown(path)}: {tree.unreadable.get(path, 'there is no such file')}")
    before = tree.files[path]
    bom = "\ufeff" if before.startswith(b"\xef\xbb\xbf") else ""
    text = changed(
        tree.shown(path), _decoded(tree.shown(path), before), place, value_of(written, place, model)
    )
    after = (bom + text).encode()
    then = examine(replace(tree, files={**tree.files, path: after}), os.environ)
    _refuse_new(examine(tree, os.environ).diagnoses, then.diagnoses)
    if after != before:
        replace_file(folder / path, before, after)
    words = f"{tree.shown(path)}: {arguments.name} is set" if after != before else "not changed"
    value = {"file": tree.shown(path), "name": arguments.name, "changed": after != before}
    show(value, lambda: [words], as_json=arguments.json)
    return codes.OK


def _decoded(shown: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, start = raw.count(b"\n", 0, error.start) + 1, raw.rfind(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{shown}:{line}:{error.start - start + 1}: the file is not UTF-8 text; save it as UTF-8"
        ) from None


def _within(folder: Path, file: str) -> str:
    """Give a file's path within the folder, however it was named."""
    named = Path(file)
    for base in (folder.absolute(), folder.resolve()):
        absolute = Path(os.path.normpath(named.absolute()))
        if absolute.is_relative_to(base) and (absolute.exists() or named.is_absolute()):
            return str(absolute.relative_to(base))
    return os.path.normpath(file)


def _refuse_new(before: tuple[Diagnosis, ...], after: tuple[Diagnosis, ...]) -> None:
    """Refuse a change that makes a fault; faults that were there already are no reason against it."""
    known = {(one.span.file, one.words) for one in before}
    new = tuple(one for one in after if (one.span.file, one.words) not in known)
    if new:
        words = "\n".join(map(str, new))
        raise ConfigurationError(f"nothing was changed, because this would be faulty:\n{words}")


ACTIONS = {"validate": _validate, "show": _show, "set": _set}
