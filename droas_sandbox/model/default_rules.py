"""What the model knows when nobody has told it anything: manners, coins, and what it can do. Pure."""

from typing import Any

DEFAULT_OTHERWISE = 'You said: "{question}". I am only a small model in a sandbox, but I am listening.'

DEFAULT_RULES: tuple[dict[str, Any], ...] = (
    {
        "when": r"\b(?:send|give|pay)\s+(?P<n>\d+)\s+coins?\s+to\s+<@!?(?P<to>\d+)>",
        "call": [{"name": "economy.transfer", "arguments": {"to_user_id": "{to}", "amount": "{n:int}"}}],
        "then": "Done. {result.amount} coins are with <@{to}> now, and {result.balance} are left to you.",
        "refused": "That did not work: {result.message}.",
    },
    {
        "when": r"\bhow many coins\b|\bbalance\b|\bcoins do i have\b",
        "call": [{"name": "economy.balance", "arguments": {}}],
        "then": "You have {result.balance} coins.",
        "refused": "I could not look: {result.message}.",
    },
    {
        "when": r"\bwhat can you do\b|\bhelp\b",
        "say": (
            "I can chat, and with the tools of this community I can do a little more:\n"
            "- tell you **how many coins** you have\n- **give coins** to somebody\n"
            "```text\ngive 5 coins to @somebody\n```\nJust ask."
        ),
    },
    {
        "when": r"\b(?:hello|hi|hey|good (?:morning|evening))\b",
        "say": "Hello! It is good to see you here. What can I do for you?",
    },
)
"""Tried after a script's own rules, the most particular first."""
