"""All rules over one message: a decision."""

from collections.abc import Sequence
from functools import reduce

from droas_mother.core.protection.decision import Decision, merge
from droas_mother.core.protection.facts import MessageFacts, Trace
from droas_mother.core.protection.policy import Policy
from droas_mother.core.protection.rules.base import Rule
from droas_mother.core.protection.rules.flood import FloodRule
from droas_mother.core.protection.rules.invites import InviteRule
from droas_mother.core.protection.rules.keywords import KeywordRule
from droas_mother.core.protection.rules.mentions import MentionRule
from droas_mother.core.settings import ProtectionSettings


def rules(settings: ProtectionSettings) -> tuple[Rule, ...]:
    """Give the rules in force; a new rule is one line here and one file beside the others."""
    return (
        KeywordRule(settings.keywords),
        InviteRule(settings.allowed_invites),
        MentionRule(),
        FloodRule(),
    )


def decide(
    facts: MessageFacts, recent: tuple[Trace, ...], policy: Policy, in_force: Sequence[Rule]
) -> Decision:
    """Give what shall be done about a message; nothing about one of somebody trusted."""
    if facts.trusted:
        return Decision()
    return reduce(merge, (rule.judge(facts, recent, policy) for rule in in_force), Decision())
