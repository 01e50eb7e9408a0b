"""Secrets never pass the redactor, ordinary text always does."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_common.redaction import _SECRET_NAMES, _SHAPES, _SUSPICIOUS, MASK, Redactor, _may_name_a_secret

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"


def test_a_token_is_masked_by_its_shape() -> None:
    """A bot token that nobody registered is masked whole."""
    assert Redactor().text(f"login with {TOKEN} failed") == f"login with {MASK} failed"


def test_known_shapes_are_masked() -> None:
    """Keys, webhooks, URL credentials and headers are masked."""
    redactor = Redactor()
    for text in (
        "sk-proj-abcdefghijklmnop1234567890",
        "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789",
        "postgresql://droas:hunter2secret@127.0.0.1/droas",
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        "authorization: bot\tabcdefghijklmnopqrstuvwxyz",
        "mfa." + "x" * 84,
        "/interactions/123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789/callback",
        "x-eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeK",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEow",
        "AGE-SECRET-KEY-1" + "QPZRY9X8GF" * 6,
    ):
        assert MASK in redactor.text(text), text


@pytest.mark.parametrize(
    "credential",
    [
        "proxy-sk-0123456789abcdef0123.Zm9vYmFyYmF6cXV1eA",
        "gw.sk-0123456789abcdef0123/Zm9v",
        f"abcdef.{TOKEN}/rest+of=it",
    ],
)
def test_a_credential_that_holds_another_shape_is_masked_whole(credential: str) -> None:
    """Nothing of it is left around what looks like a credential of its own."""
    assert Redactor().text(f"Bearer {credential}") == f"Bearer {MASK}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hunter2secret@cache.example/0", f"redis://{MASK}@cache.example/0"),
        ("postgresql://u:pa@ss@w@db.example/droas", f"postgresql://{MASK}@db.example/droas"),
        ('mysql://u:pa"ss@db.example', f"mysql://{MASK}@db.example"),
        ("http://u:pass@proxy.example?mail=a@b", f"http://{MASK}@proxy.example?mail=a@b"),
        ("http://proxy.example:80 for a@b", "http://proxy.example:80 for a@b"),
        ('{"a":"http://proxy.example:80","b":"c@d"}', '{"a":"http://proxy.example:80","b":"c@d"}'),
        *(
            (text, text)
            for text in (
                "['http://proxy.example:80','a@b']",
                "{'u':'http://proxy.example:80','m':'a@b'}",
                '{\\"u\\":\\"http://proxy.example:80\\",\\"m\\":\\"a@b\\"}',
                "url=http://proxy.example:80&cc=a@b",
                "http://proxy.example:80?cc=a@b",
                "[http://proxy.example:80](mailto:a@b)",
            )
        ),
        *(
            (f"{scheme}://{who}@db.example/x", f"{scheme}://{MASK}@db.example/x")
            for scheme, who in (
                ("postgres", "droas:12&Secret99"),
                ("amqp", "u:2024;Kx9"),
                ("https", "bob:42)zz"),
                ("redis", "u:7'abc"),
            )
        ),
        ("['http://[::1]:80','a@b']", "['http://[::1]:80','a@b']"),
        ("redis://:80&pass@cache.example", f"redis://{MASK}@cache.example"),
        ("mysql://u:80pa&s,s')@db.example", f"mysql://{MASK}@db.example"),
        ('{"a":"redis://:pw@db.example","b":"c@d"}', f'{{"a":"redis://{MASK}@db.example","b":"c@d"}}'),
    ],
)
def test_of_a_url_the_credential_is_masked(url: str, shown: str) -> None:
    """The whole of it, with or without a user and with any @ in it, and nothing behind it."""
    assert Redactor().text(url) == shown


@pytest.mark.parametrize(
    "text",
    ["://:" * 100_000, "://:" + "x@" * 200_000, ("://:" + "@x" * 60) * 3_000, ("://:" + '"a' * 90) * 2_000],
)
def test_what_is_nearly_a_url_costs_little(text: str) -> None:
    """Half a megabyte is searched in a fraction of a second, whatever it looks like."""
    begun = time.process_time()
    Redactor().text(text)
    assert time.process_time() - begun < 1


@given(st.text(min_size=6, max_size=40), st.text(max_size=30), st.text(max_size=30))
def test_a_known_secret_never_passes(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, a registered secret is gone."""
    masked = Redactor([secret]).text(before + secret + after)
    assert secret not in masked or secret in MASK


def test_values_under_telling_keys_are_masked() -> None:
    """A value under a key like `token` is masked whatever it is."""
    shown = Redactor().value({"discord_token": "x", "nested": [{"api_key": 5, "name": "ada"}]})
    assert shown == {"discord_token": MASK, "nested": [{"api_key": MASK, "name": "ada"}]}


@given(st.sampled_from(sorted(_SHAPES)), st.data())
def test_what_any_shape_fits_is_looked_at(name: str, data: st.DataObject) -> None:
    """The quick search that lets ordinary lines pass lets no credential pass."""
    credential = data.draw(st.from_regex(_SHAPES[name]), "credential")
    assert re.search(_SHAPES[name], credential)
    assert _SUSPICIOUS.search(credential), credential
    assert name in credential.lower(), credential


@given(st.from_regex(_SECRET_NAMES))
def test_what_sounds_like_a_secret_is_looked_at(name: str) -> None:
    """The quick search finds every name that the pattern finds, in whatever letters."""
    assert _may_name_a_secret(name)


def test_snowflakes_and_times_pass() -> None:
    """Ids, moments and ordinary words are left alone."""
    text = "guild 1100000000000000000 at 2026-01-02T03:04:05.678000+00:00, bot/helper: all well."
    assert Redactor().text(text) == text
