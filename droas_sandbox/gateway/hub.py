"""All sessions: every event of the world goes through here to those who may hear it."""

import json
import secrets
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from droas_sandbox import permissions
from droas_sandbox.faults import Faults
from droas_sandbox.gateway.session import Session, Wire
from droas_sandbox.intents import Viewer, emptied, sees_content, wanted
from droas_sandbox.world.state import Bot, Event, Json
from droas_sandbox.world.world import World

_MESSAGES = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})
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

    def open(self, bot: Bot, intents: int, wire: Wire, connection_id: str) -> Session:
        """Begin a session on a connection."""
        session = Session(
            id=secrets.token_hex(16),
            bot=bot,
            intents=intents,
            replay=deque(maxlen=self.world.settings.replay_events),
            opened_at=self.world.clock.now(),
            connection_id=connection_id,
        )
        self.sessions[session.id] = session
        self.history.append(session)
        self.attach(session, wire, connection_id)
        return session

    def attach(self, session: Session, wire: Wire, connection_id: str) -> None:
        """Put a session onto a connection, and note it when the bot is on another one too."""
        live = self.live(session.bot.user_id)
        if live and session not in live:
            now = self.world.clock.now()
            self.overlaps.append({"bot_id": session.bot.user_id, "at": now, "connections": len(live) + 1})
        session.wire, session.connection_id, session.dropped_at = wire, connection_id, None
        self.world.emit(Event(name="bot_online", data={"user_id": session.bot.user_id}))

    def detach(self, session: Session, wire: Wire, code: int | None) -> None:
        """Take a session off its connection; a client's 1000 or 1001 ends it."""
        if session.wire is not wire:
            return
        session.wire = None
        session.dropped_at = session.closed_at = self.world.clock.now()
        session.close_code = code
        if code in (1000, 1001):
            self.end(session)
        if not self.live(session.bot.user_id):
            self.world.emit(Event(name="bot_offline", data={"user_id": session.bot.user_id}))

    def end(self, session: Session) -> None:
        """End a session for good."""
        session.ended = True
        self.sessions.pop(session.id, None)

    def resumable(self, session_id: str, token: str) -> Session | None:
        """Give the session that may be resumed with this token; None when there is none."""
        session = self.sessions.get(session_id)
        if session is None or session.ended or session.bot.token != token:
            return None
        dropped = session.dropped_at
        if dropped is not None and self.world.clock.now() - dropped > self.world.settings.session_ttl_s:
            self.end(session)
            return None
        return session

    def live(self, bot_id: str) -> list[Session]:
        """Give a bot's sessions that have a connection."""
        return [one for one in self.sessions.values() if one.bot.user_id == bot_id and one.wire is not None]

    def tell(self, event: Event) -> None:
        """Tell an event to every session that may hear it."""
        if event.name.islower():
            return
        texts: dict[bool, str] = {}
        for session in list(self.sessions.values()):
            readable = self._readable(event, session)
            if readable is None:
                continue
            if readable not in texts:
                data = event.data if readable else emptied(event.data)
                texts[readable] = json.dumps(data, separators=(",", ":"))
            self._deliver(session, event.name, texts[readable])

    def _readable(self, event: Event, session: Session) -> bool | None:
        """Say whether a session may read an event in full (True), emptied (False), or not at all (None)."""
        if event.only is not None and session.bot.user_id not in event.only:
            return None
        guild = self.world.guilds.get(event.guild_id or "")
        if event.guild_id is not None and (guild is None or session.bot.user_id not in guild.members):
            return None
        channel = guild.channels.get(event.channel_id or "") if guild else None
        allowed = self.world.permissions(guild, session.bot.user_id, channel)
        if channel is not None and not allowed & permissions.VIEW_CHANNEL:
            return None
        viewer = Viewer(bot_id=session.bot.user_id, intents=session.intents, permissions=allowed)
        if not wanted(event.name, event.data, viewer, in_guild=guild is not None):
            return None
        return event.name not in _MESSAGES or sees_content(event.data, viewer, in_guild=guild is not None)

    def _deliver(self, session: Session, name: str, data: str) -> None:
        """Dispatch, unless a fault drops, doubles or swaps the event."""
        facts: dict[str, Any] = {"bot_id": session.bot.user_id, "event": name}
        if self.faults.take("drop_events", **facts):
            return
        if self.faults.take("reorder_events", **facts) and session.id not in self._held_back:
            self._held_back[session.id] = (name, data)
            return
        session.dispatch(name, data)
        if self.faults.take("duplicate_events", **facts):
            session.dispatch(name, data)
        late = self._held_back.pop(session.id, None)
        if late is not None:
            session.dispatch(*late)

    def describe(self) -> Iterable[Json]:
        """Give every session since the start."""
        for session in self.history:
            yield {
                "session_id": session.id,
                "bot_id": session.bot.user_id,
                "connection_id": session.connection_id,
                "opened_at": session.opened_at,
                "closed_at": session.closed_at if session.wire is None else None,
                "close_code": session.close_code,
                "resumed": session.resumed,
                "live": session.wire is not None,
                "ended": session.ended,
            }
