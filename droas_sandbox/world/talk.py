"""Messages: said, edited, pinned; and typing.

Source: Discord API reference, Message.
"""

from droas_sandbox import permissions
from droas_sandbox.clock import iso, moment_of
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.world import automod, contents, objects
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.components import components_of
from droas_sandbox.world.history import find, pinned, shown
from droas_sandbox.world.mentions import resolve
from droas_sandbox.world.state import THREADS, Event, Guild, Json, Message
from droas_sandbox.world.world import World

NONCE_S = 300.0
"""For so long a nonce gives back the message that it made."""

MAX_PINS = 250
_UNHURRIED = permissions.MANAGE_MESSAGES | permissions.MANAGE_CHANNELS | permissions.BYPASS_SLOWMODE
EVERYTHING = frozenset({"users", "roles", "everyone"})
USERS_ONLY = frozenset({"users"})


def say(
    world: World,
    channel_id: str,
    author: Json,
    given: Json,
    *,
    defaults: frozenset[str] = EVERYTHING,
    extras: Json | None = None,
    hidden: bool = False,
) -> Message:
    """Put a message into a channel; permissions are the caller's matter.

    Args:
        world: where.
        channel_id: the channel.
        author: the user object of who speaks.
        given: the message as a client sends it.
        defaults: what is parsed for mentions when the client says nothing.
        extras: further fields of the message, as `webhook_id`.
        hidden: for an ephemeral answer that only one person sees.
    """
    guild, channel = world.channel(channel_id)
    existing = _same_nonce(world, channel_id, author["id"], given)
    if existing is not None:
        return existing
    now = world.clock.now()
    made = _made(world, channel_id, author, given, iso(now)) | (extras or {})
    replied_to = _refer(world, channel_id, made, given)
    _mention(world, guild, channel, made, given, replied_to=replied_to, defaults=defaults)
    message = Message(made, guild.id if guild else None, hidden=hidden)
    _remember_nonce(world, message, given, now)
    _keep(world, channel_id, message)
    if not hidden:
        _count(channel, made["id"])
        tell(world, "MESSAGE_CREATE", message)
    return message


def _made(world: World, channel_id: str, author: Json, given: Json, at: str) -> Json:
    """Give the message object of what a client sends; raises when it is not a message."""
    content = contents.text_of(given)
    contents.check_counts(given)
    contents.check_empty(given, content)
    made = objects.message(world.snowflakes.new(), channel_id, author, content, at)
    made["embeds"] = contents.embeds_of(given)
    made["components"] = components_of(given.get("components"))
    made["attachments"] = [
        objects.attachment(world.snowflakes.new(), channel_id, file)
        for file in given.get("attachments") or ()
    ]
    made["flags"] = contents.flags_of(given)
    made["tts"] = bool(given.get("tts"))
    return made


def speak(
    world: World, channel_id: str, author_id: str, content: str, *, reply_to: str | None, force: bool
) -> Message:
    """Let a person say something, with a person's permissions unless forced."""
    guild, channel = world.channel(channel_id)
    author = world.user(author_id)
    if not force and guild is not None:
        if author_id in guild.bans:
            raise DiscordError(40007)
        thread = channel["type"] in THREADS
        needed = permissions.SEND_MESSAGES_IN_THREADS if thread else permissions.SEND_MESSAGES
        world.require(guild, author_id, needed, channel)
        _check_pace(world, guild, channel, author_id)
        automod.enforce(world, guild, channel_id, author_id, content)
    given: Json = {"content": content}
    if reply_to is not None:
        given["message_reference"] = {"message_id": reply_to}
    return say(world, channel_id, author, given)


def edit(
    world: World, message: Message, editor_id: str, given: Json, defaults: frozenset[str] = EVERYTHING
) -> Message:
    """Change a message; somebody else's flags are all that others may change."""
    data = message.data
    if data["author"]["id"] != editor_id and given.keys() - {"flags"}:
        raise DiscordError(50005)
    guild, channel = world.channel(data["channel_id"])
    content = contents.text_of(given) if "content" in given else data["content"]
    embeds = contents.embeds_of(given) if given.get("embeds") is not None else data["embeds"]
    changed_parts = given.get("components") is not None
    components = components_of(given["components"]) if changed_parts else data["components"]
    changed = {**data, "content": content, "embeds": embeds, "components": components}
    contents.check_empty(changed, content)
    data |= {"content": content, "embeds": embeds, "components": components}
    if given.get("flags") is not None:
        data["flags"] = contents.flags_of(given)
    if data["author"]["id"] == editor_id:
        replied = (data.get("referenced_message") or {}).get("author", {}).get("id")
        _mention(world, guild, channel, data, given, replied_to=replied, defaults=defaults)
        data["edited_timestamp"] = world.clock.timestamp()
        message.edits += 1
    if not message.hidden:
        tell(world, "MESSAGE_UPDATE", message)
    return message


def pin(world: World, message: Message, actor_id: str, reason: str | None, *, on: bool) -> None:
    """Pin a message, or take the pin out."""
    if on == (message.pinned_at is not None):
        return
    guild, channel = world.channel(message.data["channel_id"])
    if on and len(pinned(world, channel["id"])) >= MAX_PINS:
        raise DiscordError(30003)
    now = world.clock.now()
    message.data["pinned"], message.pinned_at = on, now if on else None
    if on:
        channel["last_pin_timestamp"] = iso(now)
    tell(world, "MESSAGE_UPDATE", message)
    data = {"channel_id": channel["id"], "last_pin_timestamp": channel.get("last_pin_timestamp")}
    world.tell_of(message, "CHANNEL_PINS_UPDATE", data)
    if guild is not None:
        options = {"channel_id": channel["id"], "message_id": message.data["id"]}
        author_id = message.data["author"]["id"]
        write_audit(world, guild, 74 if on else 75, actor_id, author_id, reason=reason, options=options)


def typing(world: World, channel_id: str, user_id: str) -> None:
    """Tell that somebody types."""
    guild, _ = world.channel(channel_id)
    data: Json = {"channel_id": channel_id, "user_id": user_id, "timestamp": int(world.clock.now())}
    if guild is not None:
        data |= {"guild_id": guild.id, "member": world.member(guild, user_id)}
    only = None if guild is not None else world.dm_party(channel_id)
    guild_id = guild.id if guild else None
    world.emit(Event(name="TYPING_START", data=data, guild_id=guild_id, channel_id=channel_id, only=only))


def tell(world: World, name: str, message: Message) -> None:
    """Tell of a message, with the extras that the gateway adds."""
    data = shown(message)
    guild = world.guilds.get(message.guild_id or "")
    data["channel_type"] = world.channel(message.data["channel_id"])[1]["type"]
    if guild is not None:
        author_id = data["author"]["id"]
        if author_id in guild.members and "webhook_id" not in data:
            data["member"] = guild.members[author_id]
        data["mentions"] = [
            {**user, "member": guild.members[user["id"]]} if user["id"] in guild.members else user
            for user in data["mentions"]
        ]
    world.tell_of(message, name, data)


def _check_pace(world: World, guild: Guild, channel: Json, author_id: str) -> None:
    """Hold a person to the channel's slowmode; raises 20016."""
    pause_s = channel.get("rate_limit_per_user") or 0
    if not pause_s or world.permissions(guild, author_id, channel) & _UNHURRIED:
        return
    now = world.clock.now()
    for message in reversed(world.messages.get(channel["id"], {}).values()):
        wait_s = moment_of(message.data["id"]) + pause_s - now
        if wait_s <= 0:
            return
        if message.data["author"]["id"] == author_id:
            raise DiscordError(20016, extras={"retry_after": round(wait_s, 3), "global": False})


def _count(channel: Json, message_id: str) -> None:
    channel["last_message_id"] = message_id
    if channel["type"] in THREADS:
        channel["message_count"] += 1
        channel["total_message_sent"] += 1


def _same_nonce(world: World, channel_id: str, author_id: str, given: Json) -> Message | None:
    """Give the message that the same author made with the same nonce, when the client insists on it."""
    nonce = contents.nonce_of(given)
    if nonce is None or not given.get("enforce_nonce"):
        return None
    seen = world.nonces.get((author_id, nonce))
    if seen is None or seen.channel_id != channel_id or world.clock.now() - seen.at > NONCE_S:
        return None
    return world.messages.get(channel_id, {}).get(seen.message_id)


def _remember_nonce(world: World, message: Message, given: Json, now: float) -> None:
    nonce = contents.nonce_of(given)
    if nonce is None:
        return
    message.data["nonce"] = given["nonce"]
    world.remember_nonce(message, nonce, now)


def _refer(world: World, channel_id: str, made: Json, given: Json) -> str | None:
    """Make a message a reply; gives the author that it answers."""
    reference = given.get("message_reference")
    if not reference:
        return None
    try:
        target = find(world, channel_id, str(reference.get("message_id")))
    except DiscordError:
        if reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message") from None
        return None
    made["type"] = 19
    made["message_reference"] = {"type": 0, "message_id": target.data["id"], "channel_id": channel_id}
    if target.guild_id is not None:
        made["message_reference"]["guild_id"] = target.guild_id
    left_out = ("referenced_message", "nonce", "reactions")
    made["referenced_message"] = {k: v for k, v in shown(target).items() if k not in left_out}
    return str(target.data["author"]["id"])


def _mention(
    world: World,
    guild: Guild | None,
    channel: Json,
    made: Json,
    given: Json,
    *,
    replied_to: str | None,
    defaults: frozenset[str],
) -> None:
    allowed = given.get("allowed_mentions")
    mentions = resolve(made["content"], allowed, replied_to=replied_to, defaults=defaults)
    made["mentions"] = [world.users[user_id] for user_id in mentions.users if user_id in world.users]
    author_id = made["author"]["id"]
    may_all = "webhook_id" in made or bool(
        world.permissions(guild, author_id, channel) & permissions.MENTION_EVERYONE
    )
    made["mention_everyone"] = mentions.everyone and may_all
    made["mention_roles"] = [
        role_id
        for role_id in mentions.roles
        if guild is not None and role_id in guild.roles and (may_all or guild.roles[role_id]["mentionable"])
    ]


def _keep(world: World, channel_id: str, message: Message) -> None:
    kept = world.messages.setdefault(channel_id, {})
    kept[message.data["id"]] = message
    if len(kept) > world.settings.messages_kept:
        del kept[next(iter(kept))]
