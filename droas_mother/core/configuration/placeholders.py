"""`${VAR}` and `${VAR:-default}` in configuration values.

Grammar: `${NAME}` gives the variable and fails when it is unset or empty; `${NAME:-text}` gives `text`
instead; `${NAME:?words}` fails with those words; `$${` gives a literal `${`. A value that was put in is
never expanded again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_BODY = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)(?:(:-|:\?)(.*))?$", re.DOTALL)


class Problem(NamedTuple):
    """What is wrong with a placeholder.

    Args:
        words: in words, without any value.
        unset: the variable that is not set; empty for another problem.
        advice: what the placeholder itself says of that.
    """

    words: str
    unset: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What became of one text.

    Args:
        text: the text with its placeholders replaced; meaningless when there are problems.
        problems: what is wrong.
        variables: the names that were read, for the redactor and for `config show`.
    """

    text: str
    problems: tuple[Problem, ...]
    variables: frozenset[str]


def expand(text: str, environment: Mapping[str, str]) -> Expansion:
    """Replace the placeholders of one text from an environment."""
    problems: list[Problem] = []
    variables: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        if match.group(0) == "$${":
            return "${"
        body = _BODY.match(match.group(1) or "")
        if body is None:
            words = "a placeholder is written ${NAME} or ${NAME:-default}; write $${ for a literal ${"
            problems.append(Problem(words))
            return ""
        name, operator, operand = body.groups()
        variables.add(name)
        value = environment.get(name, "")
        if value:
            return value
        if operator == ":-":
            return str(operand)
        advice = operand if operator == ":?" and operand else ""
        problems.append(Problem(f"the environment variable {name} is not set", name, advice))
        return ""

    return Expansion(text=_TOKEN.sub(replace, text), problems=tuple(problems), variables=frozenset(variables))
