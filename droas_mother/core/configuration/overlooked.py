"""What would be passed over without a word: names that are nearly one of ours, secrets that others can read."""

from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

from droas_common.ids import BotName
from droas_mother.core.configuration.diagnosis import Diagnosis, Span
from droas_mother.core.configuration.fields import nearest
from droas_mother.core.configuration.layout import DATA_ENDINGS
from droas_mother.core.configuration.tree import Tree

_PREFIX = "DROAS_"
_OTHERS = frozenset({"CONFIG"})
"""What programs read themselves, before there are settings."""


def overlooked(tree: Tree, variables: Iterable[str], settings: Collection[str]) -> Iterator[Diagnosis]:
    """Name what has no effect.

    Args:
        tree: the files.
        variables: those that are set and that no placeholder uses.
        settings: the first names of the mother's settings.
    """
    for path in tree.overlooked:
        stem, _, ending = path.rpartition(".")
        meant = nearest(ending.lower(), [one.removeprefix(".") for one in DATA_ENDINGS])
        if stem and meant:
            name = f"{stem.rpartition('/')[2]}.{meant}"
            yield Diagnosis(span=Span(tree.shown(path), 0), words="this file is not read", nearest=name)
    known = [one.upper() for one in settings]
    for variable in sorted(one for one in variables if one.upper().startswith(_PREFIX)):
        first, nested, rest = variable.upper().removeprefix(_PREFIX).partition("__")
        meant = nearest(first, known)
        if first in {*known, *_OTHERS} or not (meant or nested):
            continue  # a name that is like none of ours is somebody else's
        name = f"{_PREFIX}{meant}{nested}{rest}" if meant else ""
        yield Diagnosis(span=Span(variable, 0), words="this variable sets nothing", nearest=name)


def unknown_tools(
    named: Iterable[tuple[Span, str, BotName | None]], tools: Collection[str]
) -> Iterator[Diagnosis]:
    """Name what stands for no tool.

    Args:
        named: where a tool, or a pattern of several, is named, and whose that is.
        tools: those that there are.
    """
    services = sorted({f"{one.partition('.')[0]}.*" for one in tools})
    for span, pattern, bot in named:
        if not any(fnmatchcase(tool, pattern) for tool in tools):
            close = nearest(pattern, services if pattern.endswith("*") else tools)
            yield Diagnosis(span=span, words="no tool is called so", nearest=close, bot=bot)


def laid_open(tree: Tree, in_clear: Iterable[str]) -> Iterator[Diagnosis]:
    """Name what others than their owner can read.

    Args:
        tree: the files.
        in_clear: the paths of those that hold secrets, and are not encrypted.
    """
    for path in in_clear:
        mode = tree.exposed.get(path)
        if mode is not None:
            words = f"secrets stand here in clear, and others may read or write the file (mode {mode:04o})"
            expected = "mode 0600, or the file encrypted by `droasctl secrets encrypt`"
            yield Diagnosis(span=Span(tree.shown(path), 0), words=words, expected=expected)
