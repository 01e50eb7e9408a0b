"""What a client may say on one connection, and what it is answered.

Source: Discord API reference, Gateway Opcodes, Identify, Resume.
"""

import json
from typing import Any, Protocol

from droas_sandbox.faults import Fault
from droas_sandbox.gateway import member_chunks
from droas_sandbox.gateway.closes import GatewayClose
from droas_sandbox.gateway.greeting import as_seen, ready
from droas_sandbox.gateway.hub import Hub
from droas_sandbox.gateway.identify import (
    Allowance,
    Close,
    InvalidSession,
    Shard,
    Spent,
    check,
    shard_of,
)
from droas_sandbox.gateway.session import Session, Wire
from droas_sandbox.intents import GUILDS
from droas_sandbox.world.state import Bot, Json, Start

HEARTBEAT, IDENTIFY, RESUME, REQUEST_MEMBERS = 1, 2, 6, 8
_TOLERATED = frozenset({3, 4, 31, 43})
"""Presence, voice and soundboard: heard, and of no consequence here."""

AT_ONCE = ("drop", "close", "reconnect", "invalid_session", "ask_heartbeat")
"""Faults that strike connections: those that are there, and those that come while they are armed."""


class Client(Wire, Protocol):
    """A connection as the dialogue sees it."""

    def send(self, op: int, data: Any = None) -> None:
        """Queue a payload that is no dispatch."""
        ...

    def suffer(self, fault: Fault) -> None:
        """Let a fault happen."""
        ...


class Dialogue:
    """One client's side of the talk.

    Args:
        hub: all sessions.
        client: the connection.
        resume_url: told in READY.
    """

    def __init__(self, hub: Hub, client: Client, resume_url: str) -> None:
        self._hub = hub
        self._world = hub.world
        self._client = client
        self._resume_url = resume_url
        self._opened_at = hub.world.clock.now()
        self.session: Session | None = None

    def handle(self, payload: Json) -> None:
        """Answer one payload; raises GatewayClose for one that may not be."""
        op, data = payload.get("op"), payload.get("d")
        if type(op) is not int:
            raise GatewayClose(4001, "Unknown opcode.")
        if op == HEARTBEAT:
            self._beat()
        elif op == IDENTIFY:
            self._identify(_object(data))
        elif op == RESUME:
            self._resume(_object(data))
        elif op != REQUEST_MEMBERS and op not in _TOLERATED:
            raise GatewayClose(4001, "Unknown opcode.")
        elif self.session is None:
            raise GatewayClose(4003, "Not authenticated.")
        elif op == REQUEST_MEMBERS:
            self._request_members(self.session, _object(data))

    def _beat(self) -> None:
        bot_id = self.session.bot.user_id if self.session else ""
        if not self._hub.faults.take("withhold_acks", bot_id=bot_id):
            self._client.send(11)

    # --- identify -------------------------------------------------------------

    def _identify(self, data: Json) -> None:
        if self.session is not None:
            raise GatewayClose(4005, "Already authenticated.")
        token = data.get("token")
        bot = self._world.bot_by_token(token) if isinstance(token, str) else None
        if bot is None:
            raise GatewayClose(4004, "Authentication failed.")
        now = self._world.clock.now()
        verdict = check(data, self._allowance(bot), now)
        if isinstance(verdict, Close):
            raise GatewayClose(verdict.code, verdict.words)
        if isinstance(verdict, Spent):
            self._hub.revoke(bot)
            raise GatewayClose(4004, "Authentication failed.")
        shard = shard_of(data) or Shard()
        invalid = None
        if verdict is None:
            invalid = self._hub.faults.take("invalid_session", bot_id=bot.user_id, on="identify")
        accepted = verdict is None and invalid is None
        key = shard.index % self._world.settings.max_concurrency
        bot.starts.append(Start(now, key, accepted))
        if not accepted:
            resumable = invalid is not None and bool(invalid.options.get("resumable"))
            self._client.send(9, data=False if isinstance(verdict, InvalidSession) else resumable)
            return
        threshold = data.get("large_threshold")
        self.session = self._hub.open(
            bot,
            self._client,
            intents=int(data["intents"]),
            shard=shard,
            large_threshold=threshold if type(threshold) is int and 50 <= threshold <= 250 else 50,
            opened_at=self._opened_at,
        )
        self._greet(self.session, data.get("shard"))
        self._strike()

    def _allowance(self, bot: Bot) -> Allowance:
        settings = self._world.settings
        return Allowance(
            privileged=bot.privileged,
            starts=bot.starts,
            guild_ids=[guild.id for guild in self._world.guilds_of(bot.user_id)],
            max_concurrency=settings.max_concurrency,
            window_s=settings.identify_window_s,
            per_day=settings.identifies_per_day,
        )

    def _greet(self, session: Session, shard: Any) -> None:
        """Send READY with all groups unavailable, then each group."""
        user_id = session.bot.user_id
        guilds = [guild for guild in self._world.guilds_of(user_id) if session.shard.serves(guild.id)]
        greeting = ready(self._world, session, guilds, self._resume_url)
        if shard is not None:
            greeting["shard"] = shard
        session.dispatch("READY", json.dumps(greeting))
        if not session.intents & GUILDS:
            return
        for guild in guilds:
            data = as_seen(self._world.guild_create(guild, user_id), session)
            session.dispatch("GUILD_CREATE", json.dumps({**data, "unavailable": False}))

    def _strike(self) -> None:
        """Let the faults happen that wait for connections of this bot."""
        if self.session is None:
            return
        for kind in AT_ONCE:
            if kind == "invalid_session":
                continue  # it takes the place of READY and RESUMED
            fault = self._hub.faults.take(kind, bot_id=self.session.bot.user_id, on="identify")
            if fault is not None:
                self._client.suffer(fault)

    # --- resume ---------------------------------------------------------------

    def _resume(self, data: Json) -> None:
        if self.session is not None:
            raise GatewayClose(4005, "Already authenticated.")
        session = self._hub.resumable(str(data.get("session_id", "")), str(data.get("token", "")))
        sequence = data.get("seq")
        if session is None or type(sequence) is not int:
            self._client.send(9, data=False)
            return
        if sequence > session.sequence:
            self._hub.end(session)
            raise GatewayClose(4007, "Invalid seq.")
        if not session.covers(sequence):
            self._hub.end(session)
            self._client.send(9, data=False)
            return
        invalid = self._hub.faults.take("invalid_session", bot_id=session.bot.user_id)
        if invalid is not None:
            resumable = bool(invalid.options.get("resumable"))
            if not resumable:
                self._hub.end(session)
            self._client.send(9, data=resumable)
            return
        missed = list(session.missed(sequence))
        if session.wire is not None:
            session.wire.close(4000)
        self.session = session
        self._hub.attach(session, self._client)
        session.resumed += 1
        for text in missed:
            self._client.push(text)
        session.dispatch("RESUMED", '{"_trace":["sandbox"]}')
        self._strike()

    # --- members --------------------------------------------------------------

    def _request_members(self, session: Session, request: Json) -> None:
        """Answer op 8 with chunks, or with a refusal when all members are asked for too often."""
        guild = self._world.guilds.get(str(request.get("guild_id")))
        if guild is None or session.bot.user_id not in guild.members:
            return
        now = self._world.clock.now()
        if member_chunks.asks_for_all(request):
            wait_s = session.chunked.get(guild.id, -1e12) + member_chunks.COOLDOWN_S - now
            if wait_s > 0:
                session.dispatch("RATE_LIMITED", member_chunks.refusal(request, wait_s))
                return
            session.chunked[guild.id] = now
        for chunk in member_chunks.chunks(self._world, guild, request):
            session.dispatch("GUILD_MEMBERS_CHUNK", json.dumps(chunk))


def _object(data: Any) -> Json:
    if not isinstance(data, dict):
        raise GatewayClose(4001, "Invalid payload.")
    return data
