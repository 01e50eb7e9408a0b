"""Tokens and keys that stand in a plain file in clear."""

import re
from itertools import islice
from typing import NamedTuple

from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.placeholders import expand
from droas_mother.core.configuration.sops_values import CIPHERTEXT

_SHAPES = (
    (
        "a Discord token",
        r"(?:(?<=:-)|(?<![A-Za-z0-9_-]))[MNO][A-Za-z0-9_-]{22,28}\.[A-Za-z0-9_-]{5,7}\.[A-Za-z0-9_-]{25,110}",
    ),
    ("a Discord token", r"\bmfa\.[A-Za-z0-9_-]{80,95}"),
    ("a webhook's address", r"/webhooks/\d{15,21}/[A-Za-z0-9_-]{20,120}"),
    ("an API key", r"\bsk-[A-Za-z0-9_-]{16,220}"),
    ("an API key", r"\b(?:gsk_|xai-|hf_|gh[opsu]_|glpat-|pplx-|AIza)[A-Za-z0-9_-]{20,220}"),
    ("an age identity", r"(?i:AGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{50,120})"),
    ("a private key", r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----"),
)
_ANY = re.compile("|".join(f"(?P<s{number}>{shape})" for number, (_, shape) in enumerate(_SHAPES)))

_PASSWORD = re.compile(r"//[^/@\s:]*:[^@\s]+@|[?&]password=[^&\s]")
_LEAST_KEY = 24
"""Characters of a key; those of services have 32 and more, and a local server takes any short text."""

_MOST = 20


class Literal(NamedTuple):
    """A secret in clear.

    Args:
        span: where it stands.
        kind: what it looks like, in words.
    """

    span: Span
    kind: str


def without_literals(text: str, mask: str) -> str:
    """Mask what looks like a token or a key."""
    return _ANY.sub(mask, text)


def literals_in(file: str, text: str) -> list[Literal]:
    """Find what looks like a token or a key, also in comments; nothing of it is given back."""
    found = []
    for match in islice(_ANY.finditer(text), _MOST):
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1
        kind = _SHAPES[int(str(match.lastgroup)[1:])][0]
        found.append(Literal(Span(file, line, column, min(match.end() - match.start(), 80)), kind))
    return found


def secret_in(setting: str, written: str) -> str:
    """Say what stands in clear where a secret belongs, whatever it looks like; empty when nothing does.

    Args:
        setting: the last name of the setting.
        written: its value as it is written.
    """
    expansion = expand(written, {})
    literal = expansion.text.strip()
    if not literal or literal.startswith(CIPHERTEXT):
        return ""
    if setting == "url":
        return "a password" if _PASSWORD.search(literal) else ""
    if any(problem.unset for problem in expansion.problems):
        return ""  # the variable holds it, and what stands beside is none
    if setting.endswith("token"):
        return "a token"
    return "a key" if len(literal) >= _LEAST_KEY else ""
