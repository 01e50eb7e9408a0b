"""One rule of a script, read and checked. Pure. What it means says `script.py`."""

import re
from dataclasses import dataclass
from typing import Any, Self

Json = dict[str, Any]
_RULE_KEYS = frozenset({"when", "say", "call", "then", "refused", "delay_ms", "pause_ms", "tokens_per_s"})


class ScriptError(ValueError):
    """The script cannot be used; the text says why."""


def only(document: Any, known: frozenset[str], what: str) -> None:
    """Refuse what is no object, or has keys that are not known."""
    if not isinstance(document, dict):
        raise ScriptError(f"{what} must be an object, this is {document!r}")
    if strange := sorted(document.keys() - known):
        raise ScriptError(f"{what} knows no {', '.join(strange)}; it knows {', '.join(sorted(known))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a script, checked.

    Args:
        when: searched in the last user message.
        say: what is said when there is no `call`.
        call: name and arguments of each tool.
    """

    when: re.Pattern[str]
    say: str = ""
    call: tuple[tuple[str, Json], ...] = ()
    then: str = "{result}"
    refused: str | None = None
    delay_s: float = 0.0
    pause_s: float = 0.0

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """Read a rule; raises ScriptError."""
        only(document, _RULE_KEYS, "a rule")
        if ("say" in document) == ("call" in document):
            raise ScriptError(f"a rule has either `say` or `call`: {document!r}")
        try:
            when = re.compile(document["when"], re.IGNORECASE)
            call = tuple(
                (str(one["name"]), dict(one.get("arguments") or {})) for one in document.get("call", ())
            )
            pace = float(document.get("tokens_per_s") or 0)
            pause_s = 1 / pace if pace > 0 else float(document.get("pause_ms", 0)) / 1000
            delay_s = float(document.get("delay_ms", 0)) / 1000
        except (KeyError, TypeError, ValueError, re.error) as error:
            raise ScriptError(f"a rule cannot be used ({error!r}): {document!r}") from error
        texts = {key: str(document[key]) for key in ("say", "then", "refused") if key in document}
        return cls(when=when, call=call, delay_s=delay_s, pause_s=pause_s, **texts)
