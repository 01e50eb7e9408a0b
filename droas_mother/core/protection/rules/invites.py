"""Invitations to other Discord groups."""

import re2

from droas_mother.core.protection.decision import Decision
from droas_mother.core.protection.facts import MessageFacts, Trace
from droas_mother.core.protection.policy import Policy
from droas_mother.core.protection.rules.base import against

_INVITE = re2.compile(
    r"(?:discord(?:app)?\.com/invite|discord\.gg|dsc\.gg|discord\.me)\s*/\s*([a-z0-9-]{2,32})"
)


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
        foreign = {code for code in _INVITE.findall(facts.text) if code not in self._allowed}
        if not foreign:
            return Decision()
        return against(
            facts, self.name, "an invitation to another group", time_out_s=policy.invite_time_out_s
        )
