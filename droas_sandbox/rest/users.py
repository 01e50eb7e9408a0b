"""Users, the gateway's address, applications, DMs."""

from droas_sandbox.intents import application_flags
from droas_sandbox.rest.call import Answer, Call, Route, public
from droas_sandbox.world import objects

_DAY_S = 86_400.0


def _me(call: Call) -> Answer:
    return {
        **call.world.user(call.me),
        "mfa_enabled": False,
        "locale": "en-US",
        "verified": True,
        "email": None,
    }


def _user(call: Call) -> Answer:
    return call.world.user(call.path["user_id"])


def _my_guilds(call: Call) -> Answer:
    return [
        {
            "id": guild.id,
            "name": guild.data["name"],
            "icon": None,
            "banner": None,
            "owner": guild.data["owner_id"] == call.me,
            "permissions": str(call.world.permissions(guild, call.me)),
            "features": [],
        }
        for guild in call.world.guilds_of(call.me)
    ]


def _open_dm(call: Call) -> Answer:
    recipient = str(call.form.get("recipient_id"))
    call.world.user(recipient)
    return public(call.world.dm(call.me, recipient))


def _gateway(call: Call) -> Answer:
    return {"url": _address(call)}


def _gateway_bot(call: Call) -> Answer:
    settings, now = call.world.settings, call.world.clock.now()
    today = [start.at for start in call.bot.starts if now - start.at < _DAY_S] if call.bot else []
    return {
        "url": _address(call),
        "shards": 1,
        "session_start_limit": {
            "total": settings.identifies_per_day,
            "remaining": max(0, settings.identifies_per_day - len(today)),
            "reset_after": int((today[0] + _DAY_S - now) * 1000) if today else 0,
            "max_concurrency": settings.max_concurrency,
        },
    }


def _application(call: Call) -> Answer:
    owner = objects.user("1", "sandbox", "Sandbox", bot=False)
    user = call.world.user(call.me)
    flags = application_flags(call.bot.privileged if call.bot else 0)
    return {
        "id": call.me,
        "name": user["username"],
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "owner": owner,
        "team": None,
        "bot": user,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": len(call.world.guilds_of(call.me)),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "eligible_oauth2_scopes": [],
        "explicit_content_filter": 0,
    }


def _address(call: Call) -> str:
    return call.base.replace("http://", "ws://", 1).partition("/api/")[0] + "/gateway"


ROUTES = [
    Route("GET", "/users/@me", _me),
    Route("GET", "/users/@me/guilds", _my_guilds),
    Route("POST", "/users/@me/channels", _open_dm),
    Route("GET", "/users/{user_id}", _user),
    Route("GET", "/gateway", _gateway, authorized=False),
    Route("GET", "/gateway/bot", _gateway_bot),
    Route("GET", "/oauth2/applications/@me", _application),
    Route("GET", "/applications/@me", _application),
]
