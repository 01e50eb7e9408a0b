"""What a bot hears first: READY, and its groups. Pure.

Source: Discord API reference, Gateway Events: Ready and Guild Create.
"""

from droas_sandbox.gateway.session import Session
from droas_sandbox.intents import GUILD_PRESENCES, application_flags
from droas_sandbox.world.state import Guild, Json
from droas_sandbox.world.world import World

UNCHUNKED_GUILD = 75_000
"""A group with more members lists none but the bot."""


def ready(world: World, session: Session, guilds: list[Guild], resume_url: str) -> Json:
    """Give READY's payload; all groups are unavailable until their GUILD_CREATE."""
    bot = session.bot
    own = {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}
    return {
        "v": 10,
        "user": {**world.users[bot.user_id], **own},
        "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
        "session_id": session.id,
        "resume_gateway_url": resume_url,
        "application": {"id": bot.application_id, "flags": application_flags(bot.privileged)},
        "session_type": "normal",
        "private_channels": [],
        "relationships": [],
        "presences": [],
        "guild_join_requests": [],
        "user_settings": {},
        "_trace": ["sandbox"],
    }


def as_seen(guild_create: Json, session: Session) -> Json:
    """Cut the members of a GUILD_CREATE down to those that a session is told of without asking."""
    members = guild_create["members"]
    count = len(members)
    own_id = session.bot.user_id
    if not session.intents & GUILD_PRESENCES or count > UNCHUNKED_GUILD:
        seen = [member for member in members if member["user"]["id"] == own_id]
    elif count > session.large_threshold:
        seen = [
            member
            for member in members
            if member["user"]["id"] == own_id or member["roles"] or member["nick"]
        ]
    else:
        seen = members
    return {**guild_create, "members": seen, "large": count > session.large_threshold}
