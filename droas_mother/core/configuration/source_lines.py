"""The offending line, shown without the secrets in it."""

import re
from collections.abc import Callable, Iterable

from droas_common.redaction import MASK, Redactor
from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.fields import nearest
from droas_mother.core.configuration.literals import without_literals

SECRET_NAME = re.compile(r"(?i)token|secret|password|passwd|api_?key|authorization|private|credential|dsn")
_KEY = re.compile(r"""^(?P<indent>[\s-]*)(?P<quote>["']?)(?P<name>[\w.-]+)(?P=quote)\s*:(?=\s|$)""")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_GAP = re.compile(r"""["']?\s*[:=]?\s*""")
_PLACEHOLDER = re.compile(r"""["']?\$\{[A-Za-z_][A-Za-z0-9_]*\}["']?(?=[\s,}\]]|$)""")
_LOGIN = re.compile(
    r"""(?<=//)[^\s:/@]{1,100}:(?!\d{1,5}(?:[/?#"'\s,}\]]|$))[^\s@]+|[^\s:/@"']{1,100}:[^\s:/@"']{1,200}(?=@)"""
)
"""Name and password in an address, even where its @ has not been written yet; a port is none."""
_FARTHEST = 200
_LONGEST = 160


class Sources:
    """The lines of the files that were read.

    Args:
        names: gives the names of secret settings, and of settings that are none, whatever they sound like.
    """

    def __init__(self, names: Callable[[], tuple[frozenset[str], frozenset[str]]]) -> None:
        self._texts: dict[str, str] = {}
        self._lines: dict[str, list[str]] = {}
        self._names = names
        self._redactor = Redactor()

    def add(self, file: str, text: str) -> None:
        """Keep a file's text for as long as faults are told."""
        self._texts[file] = text

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these values wherever they stand."""
        self._redactor.learn(secrets)

    def line(self, span: Span) -> str:
        """Give the line of a place with its secrets masked; empty when it cannot be shown."""
        lines = self._lines_of(span.file)
        if not 0 < span.line <= len(lines):
            return ""
        text = lines[span.line - 1]
        if self._belongs_to_secret(lines, span.line - 1):
            indent = text[: len(text) - len(text.lstrip())]
            return f"{indent}{MASK}"
        text = _LOGIN.sub(MASK, text)
        begin = self._value_at(text)
        text = f"{text[:begin]}{MASK}" if begin >= 0 else text
        text = "".join(
            one if one.isprintable() or one == "\t" else "\N{REPLACEMENT CHARACTER}" for one in text
        )
        return without_literals(self._redactor.text(text), MASK)[:_LONGEST]

    def _is_secret(self, name: str) -> bool:
        """Say whether a key is that of a secret, or was meant to be."""
        hidden, shown = self._names()
        if name in shown and name not in hidden:
            return False
        return bool(SECRET_NAME.search(name)) or name in hidden or bool(nearest(name, hidden))

    def _value_at(self, text: str) -> int:
        """Give where the value of a secret begins in a line; -1 when there is none.

        Whatever follows the name of a secret is its value, whether the colon between them is there or not.
        """
        for match in _WORD.finditer(text):
            if text[match.start() - 2 : match.start()] == "${" and text[match.end() : match.end() + 1] == "}":
                continue
            if not self._is_secret(match[0]):
                continue
            gap = _GAP.match(text, match.end())
            begin = gap.end() if gap is not None else match.end()
            if begin < len(text) and not _PLACEHOLDER.match(text, begin):
                return begin
        return -1

    def _lines_of(self, file: str) -> list[str]:
        if file not in self._lines:
            self._lines[file] = self._texts.get(file, "").splitlines()
        return self._lines[file]

    def _belongs_to_secret(self, lines: list[str], index: int) -> bool:
        """Say whether a line without a key of its own follows the key of a secret, whatever its indentation."""
        if _KEY.match(lines[index]):
            return False
        for line in reversed(lines[max(0, index - _FARTHEST) : index]):
            if self._value_at(f"{line} ?") >= 0:
                return True
            if _KEY.match(line):
                return False
        return False
