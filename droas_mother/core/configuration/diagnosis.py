"""What is wrong with a configuration, as a compiler says it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from droas_common.errors import ConfigurationError
from droas_common.ids import BotName


class Span(NamedTuple):
    """Where something stands.

    Args:
        file: the file as it is told to people, or the name of a variable or an argument.
        line: counted from 1; 0 where there are no lines.
        column: counted from 1, in characters.
        width: how many characters of the line it takes.
    """

    file: str
    line: int = 1
    column: int = 1
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One fault.

    Args:
        span: where it is.
        words: what is wrong, without any value.
        expected: what could stand there; empty when that is plain.
        nearest: the valid name that was probably meant; empty when there is none.
        source: the line, secrets masked; empty when it cannot be shown.
        also: the other place that it takes to be wrong: the first of two equal keys.
        also_source: the line of that place.
        bot: the bot that it stops; None when it is nobody's file.
        fatal: whether it stops the mother.
    """

    span: Span
    words: str
    expected: str = ""
    nearest: str = ""
    source: str = ""
    also: Span | None = None
    also_source: str = ""
    bot: BotName | None = None
    fatal: bool = False

    @property
    def headline(self) -> str:
        """Say it in one line: `file:line:column: what is wrong`."""
        guess = f" (did you mean {self.nearest}?)" if self.nearest else ""
        parts = [f"{self.span}: {self.words}{guess}"]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.also is not None:
            parts.append(f"see {self.also}")
        return "; ".join(parts)

    def __str__(self) -> str:
        return self.text()

    def text(self, *, colour: bool = False) -> str:
        """Say it with the line under it and a caret under the place."""
        red, faint, bold, end = ("\x1b[31m", "\x1b[90m", "\x1b[1m", "\x1b[0m") if colour else ("", "", "", "")
        where, _, rest = self.headline.partition(": ")
        lines = [f"{bold}{where}:{end} {rest}"]
        places = [(self.span, self.source), (self.also, self.also_source)]
        for span, source in places:
            if span is None or not source:
                continue
            number = f"{span.line:>5}"
            room = max(0, len(source) - span.column + 1)
            carets = "^" * max(1, min(span.width, room))
            lines.append(f"{faint}{number} |{end} {source}")
            indent = "".join("\t" if one == "\t" else " " for one in source[: span.column - 1])
            lines.append(f"{faint}{' ' * len(number)} |{end} {indent}{red}{carets}{end}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give it as `droasctl config validate --json` prints it."""
        return {
            "file": self.span.file,
            "line": self.span.line or None,
            "column": self.span.column if self.span.line else None,
            "words": self.words,
            "expected": self.expected or None,
            "nearest": self.nearest or None,
            "source": self.source or None,
            "also": str(self.also) if self.also is not None else None,
            "bot": self.bot,
            "fatal": self.fatal,
        }


class FaultyConfigurationError(ConfigurationError):
    """A configuration that no mother can start with; says every fault of every file.

    Args:
        diagnoses: all of them, those of single bots as well.
    """

    def __init__(self, diagnoses: tuple[Diagnosis, ...]) -> None:
        super().__init__("\n".join(map(str, diagnoses)))
        self.diagnoses = diagnoses
