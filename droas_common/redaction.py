"""Text in, safe text out: secrets never reach a log, an error, a metric or an event.

Two layers. The values of all secrets that the process knows are certain; the shapes of well-known
credentials catch what nobody registered. What every such credential has decides first, in one search, and then
a substring of each, so that an ordinary line costs a microsecond and a hostile one cannot cost long.
"""

import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

MASK = "[redacted]"

_SHAPES = {
    # a bot token
    ".": r"(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{22,28}\.[A-Za-z0-9_-]{5,7}\.[A-Za-z0-9_-]{25,110}",
    # a legacy token
    "mfa.": r"\bmfa\.[A-Za-z0-9_-]{80,95}",
    # a webhook's path
    "/webhooks/": r"(?<=/webhooks/)[0-9]{15,21}/[A-Za-z0-9_%.-]{20,400}",
    # an interaction's path
    "/interactions/": r"(?<=/interactions/)[0-9]{15,21}/[A-Za-z0-9_%.-]{20,400}",
    # a model key
    "sk-": r"\bsk-[A-Za-z0-9_-]{16,220}",
    # an age identity
    "age-secret-key-": r"(?i:\bAGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{50,120})",
    # an authorization header
    "bot": r"(?i:(?<=\bbot\s))[A-Za-z0-9._~+/=-]{20,400}",
    "bearer": r"(?i:(?<=\bbearer\s))[A-Za-z0-9._~+/=-]{20,400}",
    # credentials in a URL: up to the last @ of its host's part; a quote ends it where JSON goes on behind, and a
    # port behind what can only be a host is none
    "://": r"(?<=://)(?!(?:localhost|\[[0-9A-Fa-f:.]{2,45}\]|[^\s:/@\"]{0,60}\.[^\s:/@\"]{1,40}):[0-9]{1,5}[]'`&?#|,;\\)>}<])(?:[^\s:/@\"]{1,100}:|:)(?:[^\s@/\"]|\"(?![,:}\]])){1,200}(?:@[^\s@/?#\"']{0,100}){0,8}(?=@)",
    # a JWT
    "eyj": r"\beyJ[A-Za-z0-9_-]{8,1000}+\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}",
    # a PEM key, also one whose end is cut off
    "private key-----": r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END|\Z)",
}
"""Shapes of credentials, by what stands in every text that has one, in small letters."""

_SUSPICIOUS = re.compile(r"[A-Za-z0-9._~+/=-]{20}|sk-|://|-----")
"""What stands in every text that any of the shapes fits: a long run, or one of three signs."""

_SECRET_NAMES = re.compile(r"(?i)token|secret|password|api_?key|authorization|private")
_SHORTEST_SECRET = 6


class Redactor:
    """Masks the secrets that it was told of, and what looks like one.

    Args:
        secrets: values to mask wherever they stand; those under six characters are left out, because
            masking them would eat ordinary words.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._values: frozenset[str] = frozenset()
        self._exact: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these values too, from now on, also as they stand in URLs and JSON."""
        forms = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in _forms(secret)}
        if forms <= self._values:
            return
        self._values |= forms
        if self._values:
            longest_first = sorted(self._values, key=len, reverse=True)
            self._exact = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """Give the text with every secret masked."""
        if self._exact is not None:
            text = self._exact.sub(MASK, text)
        if _SUSPICIOUS.search(text) is None:
            return text
        folded = text.lower()
        hints = tuple(hint for hint in _SHAPES if hint in folded)
        return _any_of(hints).sub(MASK, text) if hints else text

    def json_text(self, text: str) -> str:
        """Give JSON text with every secret masked; it is taken apart only when a key in it sounds like one."""
        if _may_name_a_secret(text):
            return json.dumps(self.value(json.loads(text)), ensure_ascii=False, separators=(",", ":"))
        return self.text(text)

    def value(self, value: Any, *, depth: int = 8) -> Any:
        """Give JSON-like data with every secret masked, and everything under a telling key masked whole."""
        if isinstance(value, str):
            return self.text(value)
        if depth <= 0:
            return MASK if isinstance(value, Mapping | list | tuple) else value
        if isinstance(value, Mapping):
            return {
                str(key): MASK if _SECRET_NAMES.search(str(key)) else self.value(item, depth=depth - 1)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth=depth - 1) for item in value]
        return value if isinstance(value, int | float | bool | None) else self.text(str(value))


@functools.lru_cache(maxsize=256)
def _any_of(hints: tuple[str, ...]) -> re.Pattern[str]:
    """Give what finds these shapes: the leftmost first, as a header's credential may hold another's shape."""
    return re.compile("|".join(_SHAPES[hint] for hint in hints))


def _may_name_a_secret(text: str) -> bool:
    """Look for parts of what `_SECRET_NAMES` finds, several times as fast, as every tool call passes here.

    None has an i in it, of which there are more than `casefold` makes equal.
    """
    folded = text.casefold()
    return (
        "token" in folded
        or "secret" in folded
        or "password" in folded
        or "key" in folded
        or "author" in folded
        or "vate" in folded
    )


def _forms(secret: str) -> set[str]:
    """Give the ways in which one secret may be spelled in a log line."""
    escaped = secret.encode("unicode_escape").decode("ascii")
    return {secret, quote(secret, safe=""), escaped, escaped.replace('"', '\\"')}
