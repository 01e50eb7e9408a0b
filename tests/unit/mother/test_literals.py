"""Secrets in clear are known by where they stand, whatever they look like."""

import pytest

from droas_mother.core.configuration.literals import secret_in


@pytest.mark.parametrize(
    ("setting", "written", "kind"),
    [
        ("discord_token", "any words", "a token"),
        ("discord_token", "abcdefghijklmnopqrstuvwxyz0123$${X}", "a token"),
        ("discord_token", "${TOKEN}", ""),
        ("discord_token", "${TOKEN:-a default}", "a token"),
        ("api_key", "k" * 24, "a key"),
        ("api_key", "none", ""),
        ("url", "postgresql+psycopg://user:hunter22@h/db", "a password"),
        ("url", "postgresql+psycopg://h/db?user=u&password=hunter22", "a password"),
        ("url", "redis://h?password=abc", "a password"),
        ("url", "postgresql+psycopg://h/db?user=u&password=${PASSWORD}", ""),
        ("url", "redis://h", ""),
    ],
)
def test_a_secret_in_clear_is_recognised(setting: str, written: str, kind: str) -> None:
    """A placeholder is none, its default is."""
    assert secret_in(setting, written) == kind
