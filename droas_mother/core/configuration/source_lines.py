"""The offending line, shown without the secrets in it."""

import re
from collections.abc import Iterable

from droas_common.redaction import MASK, Redactor
from droas_mother.core.configuration.diagnosis import Span

SECRET_NAME = re.compile(r"(?i)token|secret|password|passwd|api_?key|authorization|private|credential|dsn")
_KEY = re.compile(r"""^(?P<indent>[\s-]*)(?P<quote>["']?)(?P<name>[\w.-]+)(?P=quote)\s*:(?=\s|$)""")
_SECRET_PAIR = re.compile(
    rf"""(?P<key>["']?[\w.-]*(?:{SECRET_NAME.pattern.removeprefix("(?i)")})[\w.-]*["']?\s*[:=]\s*)(?P<value>\S.*)""",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"""^["']?\$\{[A-Za-z_][A-Za-z0-9_]*\}["']?\s*[,}}\]]*\s*(?:#.*)?$""")
_LONGEST = 160


class Sources:
    """The lines of the files that were read.

    Args:
        hidden: names of secret settings beside those that sound like one.
    """

    def __init__(self, hidden: Iterable[str] = ()) -> None:
        self._texts: dict[str, str] = {}
        self._lines: dict[str, list[str]] = {}
        self._hidden = frozenset(hidden)
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
        text = _SECRET_PAIR.sub(self._without_value, text)
        text = "".join(
            one if one.isprintable() or one == "\t" else "\N{REPLACEMENT CHARACTER}" for one in text
        )
        return self._redactor.text(text)[:_LONGEST]

    def _without_value(self, match: re.Match[str]) -> str:
        value = match["value"]
        return match[0] if _PLACEHOLDER.match(value) else f"{match['key']}{MASK}"

    def _lines_of(self, file: str) -> list[str]:
        if file not in self._lines:
            self._lines[file] = self._texts.get(file, "").splitlines()
        return self._lines[file]

    def _belongs_to_secret(self, lines: list[str], index: int) -> bool:
        """Say whether a line is the continuation of a secret value that began further up."""
        text = lines[index]
        if _KEY.match(text):
            return False
        indent = len(text) - len(text.lstrip())
        for above in range(index - 1, max(-1, index - 200), -1):
            line = lines[above]
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key = _KEY.match(line)
            if key is None:
                if _SECRET_PAIR.search(line):
                    return True
                continue
            depth = len(line) - len(line.lstrip())
            if depth < indent or (depth == indent and text.lstrip().startswith("-")):
                return bool(SECRET_NAME.search(key["name"]) or key["name"] in self._hidden)
        return False
