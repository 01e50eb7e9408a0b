"""What a rule is: facts, what its author did lately, and a policy in; a decision out."""

from typing import Protocol

from droas_mother.core.protection.decision import Decision, MessageRef
from droas_mother.core.protection.facts import MessageFacts, Trace
from droas_mother.core.protection.policy import Policy


class Rule(Protocol):
    """One rule. Rules are values: no clock, no memory, no I/O."""

    name: str

    def judge(self, facts: MessageFacts, recent: tuple[Trace, ...], policy: Policy) -> Decision:
        """Give what this rule would do; an empty decision when it has nothing to say.

        Args:
            facts: the message.
            recent: its author's messages of the last minute in this group; this one is the last, if it is new.
            policy: the group's thresholds.
        """
        ...


def against(facts: MessageFacts, rule: str, words: str, *, time_out_s: float = 0.0) -> Decision:
    """Give the decision to delete this message, and to silence its author for a while."""
    return Decision(
        delete=frozenset({MessageRef(facts.channel_id, facts.message_id)}),
        time_out_s=time_out_s,
        reasons=((rule, words),),
    )
