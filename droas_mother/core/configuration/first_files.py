"""A first configuration: what the wizard writes when it knows the answers."""

import base64
import json
import re
from dataclasses import dataclass

from droas_common.settings import ProtectionLevel

TOKEN = re.compile(r"^[A-Za-z0-9_-]{20,36}\.[A-Za-z0-9_-]{5,7}\.[A-Za-z0-9_-]{25,110}$")
"""A bot token: the bot's id in base64url, a moment, a signature; joined by dots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the wizard was told.

    Args:
        bot: name of the first bot.
        api_base: where Discord is; None for Discord itself.
        model_base: where the language model is.
        model: its name; None for the first that the service lists.
        level: protection of the bot's groups.
        secrets: values of the variables that the files refer to; those that are missing are left empty.
        sandbox_tokens: tokens that the sandbox shall know, by the bots' names there; None without a sandbox.
    """

    bot: str
    model_base: str
    level: ProtectionLevel
    api_base: str | None = None
    model: str | None = None
    secrets: dict[str, str]
    sandbox_tokens: dict[str, str] | None = None

    @property
    def token_variable(self) -> str:
        """Name the variable of the first bot's token."""
        return f"{self.bot.upper().replace('-', '_')}_TOKEN"


GUARDIAN_VARIABLE = "GUARDIAN_TOKEN"
KEY_VARIABLE = "LLM_API_KEY"


def token_fault(token: str) -> str:
    """Say what is wrong with the shape of a token; empty when nothing is."""
    if not token:
        return "it is empty"
    if token != token.strip() or " " in token:
        return "there are spaces in it"
    if token.lower().startswith("bot ") or not TOKEN.match(token):
        return "it has not the shape of a bot token: three parts joined by dots, as the developer portal shows it"
    head = token.split(".", maxsplit=1)[0]
    try:
        number = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode("ascii")
    except ValueError:
        number = ""
    return "" if number.isdecimal() else "its first part is not the id of a bot"


def first_files(answers: Answers) -> dict[str, tuple[str, int]]:
    """Give the files of a first configuration: text and mode by path."""
    files = {
        "droas.yaml": (_mother(answers), 0o644),
        f"bots/{answers.bot}.yaml": (_bot(answers), 0o644),
        "secrets.env": (_secrets(answers), 0o600),
    }
    if answers.sandbox_tokens is not None:
        files["sandbox.json"] = (_world(answers.sandbox_tokens), 0o600)
    return files


def _mother(answers: Answers) -> str:
    guarded = GUARDIAN_VARIABLE in answers.secrets
    token = (
        f'control_bot:\n  discord_token: "${{{GUARDIAN_VARIABLE}}}"\n'
        if guarded
        else f'# control_bot:\n#   discord_token: "${{{GUARDIAN_VARIABLE}}}"\n'
    )
    where = f'\ndiscord:\n  api_base: "{answers.api_base}"\n' if answers.api_base else ""
    return (
        "# The mother's settings; docs/configuration.md has all of them. Every one has a default.\n\n"
        f"# The bot that protects the groups.{'' if guarded else ' Without a token the groups are not protected.'}\n"
        f"{token}{where}\n"
        "protection:\n  # Level of groups in which none of the bots is: low, medium or high.\n  level: medium\n"
        "  # Words and phrases that nobody may post.\n  keywords: []\n\n"
        "http:\n  # /health, /ready and /metrics, on this machine only.\n  host: 127.0.0.1\n  port: 8787\n"
    )


_TOOLS = (
    "economy.balance",
    "economy.transfer",
    "economy.daily",
    "economy.leaderboard",
    "economy.history",
    "users.profile",
)
"""What a first bot may call: nothing that gives its members more than they have, but for the day's coins."""


def _bot(answers: Answers) -> str:
    model = f"    model: {json.dumps(answers.model)}\n" if answers.model else ""
    return (
        "# One bot; its name is the name of this file.\nbot_config:\n"
        f'  discord_token: "${{{answers.token_variable}}}"\n'
        f'  llm_config:\n    base_url: "{answers.model_base}"\n    api_key: "${{{KEY_VARIABLE}}}"\n{model}'
        '  system_prompt: "You are a helpful assistant in a Discord community. Answer briefly and kindly."\n'
        f"  protection_level: {answers.level.value}\n"
        "  # Tools of the mother that this bot may call for whoever asks it. Without these lines it may only read.\n"
        "  # economy.award is not among them: it makes coins, and is for what decides itself who deserves them.\n"
        f"  tools:\n{''.join(f'    - {name}\n' for name in _TOOLS)}"
    )


def _secrets(answers: Answers) -> str:
    names = [answers.token_variable, KEY_VARIABLE]
    names += [GUARDIAN_VARIABLE] if GUARDIAN_VARIABLE in answers.secrets else []
    lines = [f"{name}={answers.secrets.get(name, '')}" for name in names]
    return "\n".join(
        ["# Variables for placeholders; `droasctl secrets encrypt` encrypts this file.", *lines, ""]
    )


def _world(tokens: dict[str, str]) -> str:
    permissions = ["manage_messages", "moderate_members"]
    world = {
        "users": [{"username": "ada", "global_name": "Ada"}, {"username": "grace", "global_name": "Grace"}],
        "bots": [{"username": name, "token": token} for name, token in tokens.items()],
        "guilds": [
            {
                "name": "Harbour",
                "owner": "ada",
                "channels": ["general", "random"],
                "members": ["grace"],
                "bots": [{"username": name, "permissions": permissions} for name in tokens],
            }
        ],
    }
    return json.dumps(world, indent=2) + "\n"
