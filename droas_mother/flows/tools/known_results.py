"""Results of read-only tools that are kept elsewhere, under names that a change makes unreachable.

A name is made of the call, of this mother (her secret is in every value, too) and of a number that rises with
every change in the call's group. So what is stale, of another mother, or rubbish, is never taken for a result.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable

import msgspec

from droas_common.wire.calls import CallParams
from droas_mother.core.bookkeeping.books import Changes
from droas_mother.core.bookkeeping.records import Memory, Profile
from droas_mother.ports import ResultCache

_MARK_BYTES = 16
_MOST_BYTES = 64 * 1024
_ALL = ""
"""Stands for all groups."""


class KnownResults:
    """Looks results up for a group of calls, and hands new ones over; used by one thread.

    Args:
        cache: where they are; it may lose, delay and garble what it likes.
    """

    def __init__(self, cache: ResultCache) -> None:
        self._cache = cache
        self._secret = secrets.token_bytes(32)
        self._versions: Counter[str] = Counter()
        self._rules = 0
        """The only number that another thread raises."""
        self._found: dict[str, bytes] = {}
        self._fresh: dict[str, tuple[str, bytes]] = {}

    def forget(self) -> None:
        """Give nothing any longer that was kept before: the rules have changed. Any thread may say so."""
        self._rules += 1

    def expect(self, calls: Iterable[CallParams]) -> None:
        """Look all of these up at once, for `find`."""
        names = list({name for call in calls if (name := self.name_of(call)) is not None})
        self._found = {}
        for name, value in zip(names, self._cache.get(names), strict=True) if names else ():
            if value is not None and (text := self._proven(name, value)) is not None:
                self._found[name] = text

    def find(self, name: str, changes: Changes) -> bytes | None:
        """Give a result as JSON text; None when it is not known, or something is about to change.

        Args:
            name: of the call.
            changes: what the calls before it in the same commit change.
        """
        return self._found.get(name) if not _changes_anything(changes) else None

    def note(self, name: str, call: CallParams, text: str, changes: Changes) -> None:
        """Have a result kept, unless the commit that it is part of changes something in its group.

        Args:
            name: of the call, from before it was served; what is made by rules that change meanwhile is not found.
            call: what was asked.
            text: the result.
            changes: what the commit changes so far.
        """
        actor = call.meta.actor
        if actor is not None and actor.guild_id is not None and not _changes_anything(changes):
            self._fresh[name] = (actor.guild_id, text.encode())

    def settle(self, changes: Changes) -> None:
        """Make what is about to change unreachable, whatever becomes of the commit; hand over what is new."""
        touched = _touched_by(changes)
        self._versions.update(touched)
        kept = {
            name: self._mark(name, text) + text
            for name, (guild_id, text) in self._fresh.items()
            if guild_id not in touched and _ALL not in touched and len(text) <= _MOST_BYTES
        }
        self._fresh, self._found = {}, {}
        if kept:
            self._cache.put(kept)

    def name_of(self, call: CallParams) -> str | None:
        """Name a call of a tool whose results may be kept, by all that its result depends on; None without a group."""
        actor = call.meta.actor
        if actor is None or actor.guild_id is None:
            return None
        version = (self._rules, self._versions[_ALL], self._versions[actor.guild_id])
        content = msgspec.json.encode(
            [call.name, call.arguments, actor.guild_id, actor.user_id, version], order="sorted"
        )
        return "droas:" + hashlib.blake2b(content, key=self._secret, digest_size=20).hexdigest()

    def _mark(self, name: str, text: bytes) -> bytes:
        return hashlib.blake2b(name.encode() + text, key=self._secret, digest_size=_MARK_BYTES).digest()

    def _proven(self, name: str, value: bytes) -> bytes | None:
        mark, text = value[:_MARK_BYTES], value[_MARK_BYTES:]
        return text if secrets.compare_digest(mark, self._mark(name, text)) else None


def _changes_anything(changes: Changes) -> bool:
    return bool(changes.accounts or changes.rows or changes.erasures)


def _touched_by(changes: Changes) -> set[str]:
    """Give the groups in which something changes."""
    groups: set[str] = {account.guild_id for account in changes.accounts}
    for kind in (Profile, Memory):
        groups.update(key[0] for key in changes.rows.get(kind, {}))
    groups.update(_ALL if one.guild_id is None else one.guild_id for one in changes.erasures)
    return groups
