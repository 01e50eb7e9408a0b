"""All sessions: every event of the world goes through here to those who may hear it."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from droas_sandbox import permissions
from droas_sandbox.faults import Faults
from droas_sandbox.gateway.closes import ends_session
from droas_sandbox.gateway.greeting import as_seen
from droas_sandbox.gateway.identify import Shard
from droas_sandbox.gateway.session import Session, Wire
from droas_sandbox.intents import Viewer, redacted, sees_content, wanted
from droas_sandbox.world.state import Bot, Event, Json
from droas_sandbox.world.world import World

_MESSAGES = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE", "AUTO_MODERATION_ACTION_EXECUTION"})
"""Events that carry what somebody wrote."""

KEPT_SESSIONS = 10_000


@dataclass(slots=True)
class Hub:
    """Sessions and the proof of what they did.

    Args:
        world: whose events are told.
        faults: what goes wrong with them.
        overlaps: moments at which one bot had more than one live connection.
    """

    world: World
    faults: Faults
    sessions: dict[str, Session] = field(default_factory=dict)
    history: deque[Session] = field(default_factory=lambda: deque(maxlen=KEPT_SESSIONS))
    overlaps: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_SESSIONS))
    _held_back: dict[str, tuple[str, str]] = field(default_factory=dict)

    def open(
        self,
        bot: Bot,
        wire: Wire,
        *,
        intents: int,
        opened_at: float,
        shard: Shard,
        large_threshold: int,
    ) -> Session:
        """Begin a session on a connection."""
        session = Session(
            id=secrets.token_hex(16),
            bot=bot,
            intents=intents,
            replay=deque(maxlen=self.world.settings.replay_events),
            opened_at=opened_at,
            identified_at=self.world.clock.now(),
            connection_id=wire.id,
            shard=shard,
            large_threshold=large_threshold,
        )
        self.sessions[session.id] = session
        self.history.append(session)
        self.attach(session, wire)
        return session

    def attach(self, session: Session, wire: Wire) -> None:
        """Put a session onto a connection, and note it when the bot is on another one too."""
        others = [one for one in self.live(session.bot.user_id) if one is not session]
        if any(one.shard == session.shard for one in others):
            now = self.world.clock.now()
            count = len(others) + 1
            self.overlaps.append({"bot_id": session.bot.user_id, "at": now, "connections": count})
        session.wire, session.connection_id = wire, wire.id
        session.dropped_at = session.closed_at = session.close_code = None
        self.world.emit(Event(name="bot_online", data={"user_id": session.bot.user_id}))

    def detach(self, session: Session, wire: Wire, code: int | None, *, by_server: bool) -> None:
        """Take a session off its connection; some closes end it."""
        if session.wire is not wire:
            return
        session.wire = None
        session.dropped_at = session.closed_at = self.world.clock.now()
        session.close_code = code
        if ends_session(code, by_server=by_server):
            self.end(session)
        if not self.live(session.bot.user_id):
            self.world.emit(Event(name="bot_offline", data={"user_id": session.bot.user_id}))

    def end(self, session: Session) -> None:
        """End a session for good; its connection, if it has one, gets no more events."""
        session.ended = True
        session.replay.clear()
        self.sessions.pop(session.id, None)
        self._held_back.pop(session.id, None)

    def revoke(self, bot: Bot) -> None:
        """Kill all sessions of a bot and change its token, as Discord does to one that never stops."""
        self.world.change_token(bot)
        for session in [one for one in self.sessions.values() if one.bot is bot]:
            if session.wire is not None:
                session.wire.close(4004)
            else:
                self.end(session)

    def reset(self) -> None:
        """Let everybody go and forget what was, because the world is another one."""
        for session in list(self.sessions.values()):
            if session.wire is not None:
                session.wire.close(4004)
            self.end(session)
        self.history.clear()
        self.overlaps.clear()

    def resumable(self, session_id: str, token: str) -> Session | None:
        """Give the session that may be resumed with this token; None when there is none."""
        self._expire()
        session = self.sessions.get(session_id)
        return session if session is not None and session.bot.token == token else None

    def _expire(self) -> None:
        """End the sessions that nobody resumed in time."""
        oldest = self.world.clock.now() - self.world.settings.session_ttl_s
        for session in list(self.sessions.values()):
            if session.wire is None and session.dropped_at is not None and session.dropped_at < oldest:
                self.end(session)

    def live(self, bot_id: str) -> list[Session]:
        """Give a bot's identified connections."""
        return [one for one in self.sessions.values() if one.bot.user_id == bot_id and one.wire is not None]

    def tell(self, event: Event) -> None:
        """Tell an event to every session that may hear it; each audience's text is made once."""
        if event.name.islower():
            return
        self._expire()
        texts: dict[bool, str] = {}
        for session in list(self.sessions.values()):
            readable = self._readable(event, session)
            if readable is None:
                continue
            if event.name == "GUILD_CREATE":
                self._deliver(session, event.name, _compact(as_seen(event.data, session)))
                continue
            if readable not in texts:
                texts[readable] = _compact(event.data if readable else redacted(event.name, event.data))
            self._deliver(session, event.name, texts[readable])

    def _readable(self, event: Event, session: Session) -> bool | None:
        """Say whether a session may read an event in full (True), emptied (False), or not at all (None)."""
        bot_id = session.bot.user_id
        if event.only is not None and bot_id not in event.only:
            return None
        if not session.shard.serves(_guild_of(event)):
            return None
        guild = self.world.guilds.get(event.guild_id or "")
        if event.guild_id is not None and (guild is None or bot_id not in guild.members):
            return None
        allowed = permissions.ALL
        if guild is not None:
            channel = guild.channels.get(event.channel_id or "")
            allowed = self.world.permissions(guild, bot_id, channel)
            if channel is not None and not allowed & permissions.VIEW_CHANNEL:
                return None
        viewer = Viewer(bot_id=bot_id, intents=session.intents, permissions=allowed)
        if not wanted(event.name, event.data, viewer, in_guild=guild is not None):
            return None
        return event.name not in _MESSAGES or sees_content(event.data, viewer, in_guild=guild is not None)

    def _deliver(self, session: Session, name: str, data: str) -> None:
        """Dispatch, unless a fault drops, delays, doubles or swaps the event."""
        facts: dict[str, Any] = {"bot_id": session.bot.user_id, "event": name}
        if self.faults.take("drop_events", **facts):
            return
        if self.faults.take("reorder_events", **facts) and session.id not in self._held_back:
            self._held_back[session.id] = (name, data)
            return
        late_s = self.faults.take("delay_events", **facts)
        if late_s is not None:
            wait_s = float(late_s.options.get("seconds", 1))
            asyncio.get_running_loop().call_later(wait_s, self._dispatch_late, session, name, data)
            return
        session.dispatch(name, data)
        if self.faults.take("duplicate_events", **facts):
            session.dispatch(name, data)
        late = self._held_back.pop(session.id, None)
        if late is not None:
            session.dispatch(*late)

    def _dispatch_late(self, session: Session, name: str, data: str) -> None:
        if not session.ended:
            session.dispatch(name, data)

    def describe(self) -> Iterable[Json]:
        """Give every session since the start."""
        for session in self.history:
            yield {
                "session_id": session.id,
                "bot_id": session.bot.user_id,
                "connection_id": session.connection_id,
                "opened_at": session.opened_at,
                "identified_at": session.identified_at,
                "closed_at": session.closed_at if session.wire is None else None,
                "close_code": session.close_code,
                "resumed": session.resumed,
                "live": session.wire is not None and not session.ended,
                "ended": session.ended,
            }


def _guild_of(event: Event) -> str | None:
    """Give the group that decides an event's shard."""
    if event.name == "GUILD_DELETE":
        return str(event.data["id"])
    return event.guild_id or event.data.get("guild_id")


def _compact(data: Json) -> str:
    return json.dumps(data, separators=(",", ":"))
