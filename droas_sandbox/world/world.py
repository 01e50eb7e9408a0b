"""The world: people, bots and groups, and who may do what in them."""

import base64
import random
import string
from collections import deque
from collections.abc import Callable, Iterable

from droas_sandbox import permissions
from droas_sandbox.clock import SandboxClock, Snowflakes
from droas_sandbox.errors import DiscordError
from droas_sandbox.intents import PRIVILEGED
from droas_sandbox.settings import SandboxSettings
from droas_sandbox.world import objects
from droas_sandbox.world.rights import Rights
from droas_sandbox.world.state import THREADS, Bot, Event, Guild, Interaction, Json, Message, SeenNonce

NONCES_KEPT = 10_000
INTERACTIONS_KEPT = 2_000
_TOKEN_LETTERS = string.ascii_letters + string.digits


class World(Rights):
    """Everything that exists; changes are told to listeners as they happen.

    Args:
        settings: limits and buffers.
        clock: what time it is.
    """

    def __init__(self, settings: SandboxSettings, clock: SandboxClock) -> None:
        self.settings = settings
        self.clock = clock
        self.snowflakes = Snowflakes(clock)
        self.listeners: list[Callable[[Event], None]] = []
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.users: dict[str, Json] = {}
        self.bots: dict[str, Bot] = {}
        self.guilds: dict[str, Guild] = {}
        self.dms: dict[str, Json] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.webhooks: dict[str, Json] = {}
        self.commands: dict[str, Json] = {}
        self.commands_made: dict[tuple[str, str | None], deque[float]] = {}
        self.interactions: dict[str, Interaction] = {}
        self.thread_members: dict[str, dict[str, Json]] = {}
        self.nonces: dict[tuple[str, str], SeenNonce] = {}
        self.closed_dms: set[str] = set()
        self._random = random.Random(7)  # noqa: S311 - tokens of a sandbox are no secrets, runs shall repeat

    def emit(self, event: Event) -> None:
        """Tell the listeners."""
        for listener in self.listeners:
            listener(event)

    def tell_of(self, message: Message, name: str, data: Json) -> None:
        """Tell of a message: in its group, or to the bot of its DM."""
        channel_id = message.data["channel_id"]
        if message.guild_id is not None:
            data = {**data, "guild_id": message.guild_id}
        only = None if message.guild_id is not None else self.dm_party(channel_id)
        event = Event(name=name, data=data, guild_id=message.guild_id, channel_id=channel_id, only=only)
        self.emit(event)

    def dm_party(self, channel_id: str) -> frozenset[str]:
        """Give the bot of a DM channel, who is all that hears of it."""
        return frozenset({self.dms[channel_id]["_bot_id"]})

    def remember_nonce(self, message: Message, nonce: str, now: float) -> None:
        """Keep in mind which message a nonce made; the oldest are forgotten."""
        key = (message.data["author"]["id"], nonce)
        self.nonces.pop(key, None)
        self.nonces[key] = SeenNonce(now, message.data["channel_id"], message.data["id"])
        if len(self.nonces) > NONCES_KEPT:
            del self.nonces[next(iter(self.nonces))]

    # --- making ---------------------------------------------------------------

    def add_user(self, username: str, global_name: str | None = None, *, user_id: str | None = None) -> Json:
        """Make a person."""
        made = objects.user(user_id or self.snowflakes.new(), username, global_name, bot=False)
        self.users[made["id"]] = made
        return made

    def add_bot(
        self,
        username: str,
        *,
        token: str | None = None,
        user_id: str | None = None,
        global_name: str | None = None,
        privileged: int = PRIVILEGED,
    ) -> Bot:
        """Make a bot with its application; the token has Discord's shape unless one is given."""
        if token is not None and self.bot_by_token(token) is not None:
            raise ValueError(f"the token of {username} belongs to another bot already")
        made = objects.user(user_id or self.snowflakes.new(), username, global_name, bot=True)
        self.users[made["id"]] = made
        bot = Bot(
            user_id=made["id"],
            application_id=made["id"],
            token=token or self._token(made["id"]),
            privileged=privileged,
        )
        self.bots[bot.user_id] = bot
        return bot

    def add_guild(self, name: str, owner_id: str, *, guild_id: str | None = None) -> Guild:
        """Make a group with its @everyone role and its owner as the first member."""
        made_id = guild_id or self.snowflakes.new()
        guild = Guild(objects.guild(made_id, name, owner_id))
        guild.roles[made_id] = objects.role(made_id, "@everyone", permissions.DEFAULT, 0)
        self.guilds[made_id] = guild
        self.join(guild, owner_id)
        self.emit(Event(name="guild_create", data={"id": made_id, "name": name}))
        return guild

    def add_channel(
        self,
        guild: Guild,
        name: str,
        kind: int = 0,
        *,
        channel_id: str | None = None,
        fields: Json | None = None,
    ) -> Json:
        """Make a channel; `fields` are set before anybody is told of it."""
        made = objects.channel(
            channel_id or self.snowflakes.new(), guild.id, name, kind, position=len(guild.channels)
        )
        made |= fields or {}
        guild.channels[made["id"]] = made
        self.emit(Event(name="CHANNEL_CREATE", data=made, guild_id=guild.id, channel_id=made["id"]))
        return made

    def add_role(
        self,
        guild: Guild,
        name: str,
        allowed: int,
        *,
        position: int | None = None,
        managed: bool = False,
        quiet: bool = False,
    ) -> Json:
        """Make a role above the others, unless a position is given; `quiet` leaves the telling to the caller."""
        made = objects.role(
            self.snowflakes.new(),
            name,
            allowed,
            len(guild.roles) if position is None else position,
            managed=managed,
        )
        guild.roles[made["id"]] = made
        if not quiet:
            data = {"guild_id": guild.id, "role": made}
            self.emit(Event(name="GUILD_ROLE_CREATE", data=data, guild_id=guild.id))
        return made

    def join(
        self,
        guild: Guild,
        user_id: str,
        *,
        roles: Iterable[str] = (),
        nick: str | None = None,
        allowed: int | None = None,
    ) -> Json:
        """Let somebody join; a bot may bring permissions, which become a role of its own."""
        if user_id in guild.members:
            return guild.members[user_id]
        held = list(roles)
        if allowed:
            held.append(self.add_role(guild, self.users[user_id]["username"], allowed, managed=True)["id"])
        member = guild.members[user_id] = objects.member(self.clock.timestamp(), held, nick)
        member["communication_disabled_until"] = guild.time_outs.pop(user_id, None)
        if user_id in self.bots:
            data = self.guild_create(guild, user_id)  # without `unavailable`: the bot has just joined
            self.emit(Event(name="GUILD_CREATE", data=data, guild_id=guild.id, only=frozenset({user_id})))
        data = {**self.member(guild, user_id), "guild_id": guild.id}
        self.emit(Event(name="GUILD_MEMBER_ADD", data=data, guild_id=guild.id))
        return guild.members[user_id]

    def leave(self, guild: Guild, user_id: str) -> None:
        """Let somebody go, of his own will or not."""
        member = guild.members.pop(user_id, None)
        if member is None:
            raise DiscordError(10007)
        if member["communication_disabled_until"] is not None:
            guild.time_outs[user_id] = member["communication_disabled_until"]
        data = {"guild_id": guild.id, "user": self.users[user_id]}
        self.emit(Event(name="GUILD_MEMBER_REMOVE", data=data, guild_id=guild.id))
        if user_id in self.bots:
            self.emit(Event(name="GUILD_DELETE", data={"id": guild.id}, only=frozenset({user_id})))

    def dm(self, bot_id: str, user_id: str) -> Json:
        """Give the DM channel of a bot and a person; it is made once."""
        for channel in self.dms.values():
            if {user["id"] for user in channel["recipients"]} == {user_id} and channel["_bot_id"] == bot_id:
                return channel
        made = objects.dm_channel(self.snowflakes.new(), [self.users[user_id]])
        made["_bot_id"] = bot_id
        self.dms[made["id"]] = made
        return made

    def interact(self, interaction: Interaction) -> None:
        """Send an interaction to its application; the oldest are forgotten."""
        self.interactions[interaction.id] = interaction
        if len(self.interactions) > INTERACTIONS_KEPT:
            del self.interactions[next(iter(self.interactions))]
        only = frozenset({interaction.application_id})
        self.emit(Event(name="INTERACTION_CREATE", data=interaction.data, only=only))

    # --- finding --------------------------------------------------------------

    def guild(self, guild_id: str) -> Guild:
        """Give a group; raises 10004."""
        if guild_id not in self.guilds:
            raise DiscordError(10004)
        return self.guilds[guild_id]

    def channel(self, channel_id: str) -> tuple[Guild | None, Json]:
        """Give a channel and its group (None for a DM); raises 10003."""
        if channel_id in self.dms:
            return None, self.dms[channel_id]
        for guild in self.guilds.values():
            if channel_id in guild.channels:
                return guild, guild.channels[channel_id]
        raise DiscordError(10003)

    def user(self, user_id: str) -> Json:
        """Give a user; raises 10013."""
        if user_id not in self.users:
            raise DiscordError(10013)
        return self.users[user_id]

    def member(self, guild: Guild, user_id: str) -> Json:
        """Give a member with its user; raises 10007."""
        if user_id not in guild.members:
            raise DiscordError(10007)
        return {"user": self.users[user_id], **guild.members[user_id]}

    def bot_by_token(self, token: str) -> Bot | None:
        """Give the bot of a token."""
        return next((bot for bot in self.bots.values() if bot.token == token), None)

    def interaction_of_token(self, token: str) -> Interaction | None:
        """Give the interaction with this token, whose first part is its id."""
        interaction = self.interactions.get(token.partition(".")[0])
        return interaction if interaction is not None and interaction.token == token else None

    def change_token(self, bot: Bot) -> None:
        """Give a bot another token; the old one opens nothing any more."""
        bot.token = self._token(bot.user_id)

    def guilds_of(self, user_id: str) -> list[Guild]:
        """Give the groups of somebody."""
        return [guild for guild in self.guilds.values() if user_id in guild.members]

    def open_threads(self, guild: Guild, user_id: str) -> list[Json]:
        """Give the threads of a group that are not archived and that somebody may see."""
        return [
            thread
            for thread in guild.threads
            if not thread["thread_metadata"]["archived"]
            and self.permissions(guild, user_id, thread) & permissions.VIEW_CHANNEL
        ]

    def guild_create(self, guild: Guild, user_id: str) -> Json:
        """Give a group as GUILD_CREATE tells it to a member, with everybody in it.

        `unavailable` is absent, as for a bot that has just joined; a load after READY adds it.
        """
        return {
            **guild.data,
            "roles": list(guild.roles.values()),
            "joined_at": guild.members[user_id]["joined_at"],
            "large": False,
            "member_count": len(guild.members),
            "voice_states": [],
            "members": [self.member(guild, member_id) for member_id in guild.members],
            "channels": [channel for channel in guild.channels.values() if channel["type"] not in THREADS],
            "threads": self.open_threads(guild, user_id),
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _token(self, user_id: str) -> str:
        first = base64.urlsafe_b64encode(user_id.encode()).decode().rstrip("=")
        rest = ["".join(self._random.choices(_TOKEN_LETTERS, k=count)) for count in (6, 38)]
        return ".".join([first, *rest])
