"""Forbidden words and phrases, found as whole words in a text as people read it."""

from functools import cached_property

import re2

from droas_mother.core.protection.decision import Decision
from droas_mother.core.protection.facts import MessageFacts, Trace
from droas_mother.core.protection.normalisation import normalise
from droas_mother.core.protection.policy import Policy
from droas_mother.core.protection.rules.base import against


class KeywordRule:
    """Deletes messages that hold a forbidden word.

    Args:
        keywords: words and phrases as an operator wrote them; they are compared in normal form.
    """

    name = "keywords"

    def __init__(self, keywords: tuple[str, ...]) -> None:
        self._keywords = tuple(sorted({normal for word in keywords if (normal := normalise(word))}))

    def judge(self, facts: MessageFacts, recent: tuple[Trace, ...], policy: Policy) -> Decision:  # noqa: ARG002 - port
        """Say what to do about a message with a forbidden word."""
        if not self._keywords or not any(self._pattern.search(text) for text in facts.readings):
            return Decision()
        return against(
            facts, self.name, "a word that is not allowed here", time_out_s=policy.keyword_time_out_s
        )

    @cached_property
    def _pattern(self) -> "re2._Regexp":
        # One automaton for all words: RE2 takes time linear in the text, however many there are.
        words = "|".join(re2.escape(word) for word in self._keywords)
        return re2.compile(f"(?:^|[^\\pL\\pN_])(?:{words})(?:$|[^\\pL\\pN_])")
