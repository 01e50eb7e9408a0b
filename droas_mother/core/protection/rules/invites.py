"""Invitations to other Discord groups."""

from collections.abc import Iterator
from urllib.parse import unquote

import re2

from droas_mother.core.protection.decision import Decision
from droas_mother.core.protection.facts import MessageFacts, Trace
from droas_mother.core.protection.normalisation import readings
from droas_mother.core.protection.policy import Policy
from droas_mother.core.protection.rules.base import against

_LINK = re2.compile(
    r"(?:^|[^a-z0-9-])(discord(?:app)?\.com|discord\.gg|dsc\.gg|discord\.me)\.?(?::\d{1,5})?"
    r"\s*[/\\]\s*([^\s<>()\[\]|?#,;&'\"]{1,300})"
)
"""A host on which invitations are, and the path behind it, up to what is not of a path."""

_CODE = re2.compile(r"^[a-z0-9-]{2,32}")
_LONG_HOSTS = ("discord.com", "discordapp.com")
"""Where an invitation's path begins with `/invite`."""


class InviteRule:
    """Deletes invitations, those allowed by name left out.

    Args:
        allowed: invite codes that may be posted.
    """

    name = "invites"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = frozenset(code.casefold() for code in allowed)

    def judge(self, facts: MessageFacts, recent: tuple[Trace, ...], policy: Policy) -> Decision:  # noqa: ARG002 - port
        """Say what to do about a message with an invitation."""
        if policy.invites_allowed:
            return Decision()
        found = (code for text in readings(facts.words) for code in codes(text))
        if all(code in self._allowed for code in found):
            return Decision()
        return against(
            facts, self.name, "an invitation to another group", time_out_s=policy.invite_time_out_s
        )


def codes(text: str) -> Iterator[str]:
    """Give the codes of the invitations in a text, whose addresses are read as a browser reads them."""
    for host, path in _LINK.findall(text.replace("\N{IDEOGRAPHIC FULL STOP}", ".")):
        parts = _parts(path)
        if host in _LONG_HOSTS:
            parts = parts[1:] if parts[:1] == ["invite"] else []
        code = _CODE.match(parts[0]) if parts else None
        if code is not None:
            yield code[0]


def _parts(path: str) -> list[str]:
    """Give a path's parts, decoded, without empty ones and those that only lead to and fro."""
    parts: list[str] = []
    for part in unquote(path).casefold().replace("\\", "/").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return parts
