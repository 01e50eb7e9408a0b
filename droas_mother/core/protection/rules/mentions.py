"""Messages that mention too many."""

from droas_mother.core.protection.decision import Decision
from droas_mother.core.protection.facts import MessageFacts, Trace
from droas_mother.core.protection.policy import Policy
from droas_mother.core.protection.rules.base import against


class MentionRule:
    """Stops messages that mention many members and roles at once."""

    name = "mentions"

    def judge(self, facts: MessageFacts, recent: tuple[Trace, ...], policy: Policy) -> Decision:  # noqa: ARG002 - port
        """Say what to do about a message with its mentions."""
        count = len(facts.mentioned_users) + len(facts.mentioned_roles)
        if count < policy.mentions:
            return Decision()
        return against(
            facts, self.name, f"{policy.mentions} mentions in one message", time_out_s=policy.time_out_s
        )
