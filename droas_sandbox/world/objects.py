"""Complete JSON objects, as Discord sends them; clients crash on keys that are missing.

Source: Discord's OpenAPI description (UserResponse, GuildMemberResponse, …) and what Python clients read.
"""

from typing import Any

Json = dict[str, Any]


def user(user_id: str, username: str, global_name: str | None, *, bot: bool) -> Json:
    """Make a user."""
    made: Json = {
        "id": user_id,
        "username": username,
        "discriminator": "0" if not bot else f"{int(user_id) % 10_000:04d}",
        "global_name": global_name,
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "flags": 0,
        "public_flags": 0,
    }
    if bot:
        made["bot"] = True
    return made


def member(joined_at: str, roles: list[str], nick: str | None) -> Json:
    """Make a member, without the user."""
    return {
        "nick": nick,
        "avatar": None,
        "banner": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "roles": roles,
        "joined_at": joined_at,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": None,
    }


def role(role_id: str, name: str, permissions: int, position: int, *, managed: bool = False) -> Json:
    """Make a role."""
    return {
        "id": role_id,
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": str(permissions),
        "managed": managed,
        "mentionable": False,
        "flags": 0,
        "description": None,
    }


def channel(channel_id: str, guild_id: str, name: str, kind: int, position: int) -> Json:
    """Make a channel of a group."""
    return {
        "id": channel_id,
        "type": kind,
        "guild_id": guild_id,
        "name": name,
        "position": position,
        "topic": None,
        "nsfw": False,
        "parent_id": None,
        "permission_overwrites": [],
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "last_pin_timestamp": None,
        "flags": 0,
    }


def dm_channel(channel_id: str, recipients: list[Json]) -> Json:
    """Make a direct-message channel."""
    return {"id": channel_id, "type": 1, "last_message_id": None, "flags": 0, "recipients": recipients}


def thread(thread_id: str, parent: Json, owner_id: str, name: str, kind: int, minutes: int, now: str) -> Json:
    """Make a thread."""
    return {
        "id": thread_id,
        "type": kind,
        "guild_id": parent["guild_id"],
        "parent_id": parent["id"],
        "owner_id": owner_id,
        "name": name,
        "last_message_id": None,
        "last_pin_timestamp": None,
        "rate_limit_per_user": 0,
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "archive_timestamp": now,
            "auto_archive_duration": minutes,
            "locked": False,
            "create_timestamp": now,
        },
    }


def message(message_id: str, channel_id: str, author: Json, content: str, now: str) -> Json:
    """Make a message, without the extras of the gateway."""
    return {
        "id": message_id,
        "channel_id": channel_id,
        "type": 0,
        "author": author,
        "content": content,
        "timestamp": now,
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "flags": 0,
    }


def attachment(attachment_id: str, channel_id: str, given: Json) -> Json:
    """Make an attachment from what a client uploaded; the file itself is not kept."""
    if "url" in given:
        return given
    name = str(given.get("filename") or "unknown")
    url = f"http://127.0.0.1/attachments/{channel_id}/{attachment_id}/{name}"
    made: Json = {"id": attachment_id, "filename": name, "size": int(given.get("size") or 0)}
    made |= {"url": url, "proxy_url": url}
    if given.get("content_type"):
        made["content_type"] = given["content_type"]
    if given.get("description"):
        made["description"] = given["description"]
    return made


def guild(guild_id: str, name: str, owner_id: str) -> Json:
    """Make a group's own fields, without roles."""
    nothing = dict.fromkeys(
        ("icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id",
         "afk_channel_id", "system_channel_id", "widget_channel_id", "max_presences", "vanity_url_code",
         "rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data"),
    )  # fmt: skip
    return {
        "id": guild_id,
        "name": name,
        "owner_id": owner_id,
        **nothing,
        "features": [],
        "region": "us-west",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 0,
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
    }


def webhook(webhook_id: str, channel: Json, name: str, token: str, creator: Json, base: str) -> Json:
    """Make a webhook."""
    return {
        "id": webhook_id,
        "type": 1,
        "guild_id": channel["guild_id"],
        "channel_id": channel["id"],
        "name": name,
        "avatar": None,
        "application_id": None,
        "token": token,
        "url": f"{base}/webhooks/{webhook_id}/{token}",
        "user": creator,
    }


def command(command_id: str, application_id: str, guild_id: str | None, given: Json) -> Json:
    """Make an application command from what a client registers."""
    made: Json = {
        "id": command_id,
        "application_id": application_id,
        "version": command_id,
        "type": given.get("type", 1),
        "name": given["name"],
        "name_localizations": given.get("name_localizations"),
        "description": given.get("description") or "",
        "description_localizations": given.get("description_localizations"),
        "default_member_permissions": _text_or_none(given.get("default_member_permissions")),
        "dm_permission": given.get("dm_permission") is not False,
        "contexts": given.get("contexts"),
        "integration_types": given.get("integration_types") or [0],
        "nsfw": bool(given.get("nsfw")),
        "options": given.get("options") or [],
    }
    if guild_id is not None:
        made["guild_id"] = guild_id
    return made


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
