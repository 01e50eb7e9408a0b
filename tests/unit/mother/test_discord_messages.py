"""What the rules learn of messages, as they come from the gateway."""

from types import SimpleNamespace
from typing import Any

import nextcord
import pytest

from droas_mother.adapters.discord.messages import facts_of
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.core.protection.normalisation import BREAK

EVERYONE = SimpleNamespace(id=1, name="@everyone", permissions=nextcord.Permissions.none())
ROLES = {
    5: SimpleNamespace(id=5, name="regular", permissions=nextcord.Permissions.none()),
    6: SimpleNamespace(id=6, name="moderator", permissions=nextcord.Permissions(manage_messages=True)),
}
GUILD: Any = SimpleNamespace(id=1, owner_id=70, default_role=EVERYONE, get_role=ROLES.get)


def message(**more: Any) -> dict[str, Any]:
    """Give a message's event."""
    return {
        "id": "40",
        "channel_id": "30",
        "guild_id": "1",
        "author": {"id": "71", "username": "ada", "global_name": "Ada"},
        "member": {"nick": None, "roles": ["5", "404"]},
        "content": "Hello",
        **more,
    }


def seen(*, edited: bool = False, exempt: frozenset[str] = frozenset(), **more: Any) -> MessageFacts | None:
    """Give what the rules learn of it."""
    return facts_of(message(**more), GUILD, exempt, at_s=1.0, edited=edited)


def known(**more: Any) -> MessageFacts:
    """Give what the rules learn of one that is judged."""
    found = seen(**more)
    assert found is not None
    return found


def test_a_message_is_its_author_and_its_words() -> None:
    """Ids, name, roles that there are, and the normal form of what was said."""
    facts = known()
    assert (facts.guild_id, facts.channel_id, facts.message_id, facts.author_id) == ("1", "30", "40", "71")
    assert (facts.author_name, facts.author_roles, facts.text, facts.trusted) == (
        "Ada",
        ("regular",),
        "hello",
        False,
    )


RICH = {
    "type": "rich",
    "description": "SCAM",
    "author": {"name": "A", "url": "B"},
    "fields": [{"name": "C", "value": "D"}],
}
TEXT = {"type": 17, "components": [{"type": 10, "content": "SCAM"}, {"type": 2, "label": "A", "url": "B"}]}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"message_snapshots": [{"message": {"content": "SCAM", "type": 46}}]}, "hello|scam"),
        ({"message_snapshots": [{"message": {"embeds": [RICH]}}]}, "hello|scam|a|b|c|d"),
        (
            {"message_snapshots": [{"message": {"embeds": [{"type": "video", "description": "a page"}]}}]},
            "hello",
        ),
        ({"message_snapshots": [{"message": {"components": [TEXT]}}]}, "hello|scam|a|b"),
        ({"message_snapshots": [{"message": {"attachments": [{"filename": "SCAM.png"}]}}]}, "hello|scam.png"),
        ({"message_snapshots": [{}]}, "hello"),
        (
            {"poll": {"question": {"text": "A?"}, "answers": [{"poll_media": {"text": "SCAM"}}, {}]}},
            "hello|a?|scam",
        ),
        ({"attachments": [{"filename": "a.png", "description": "SCAM"}]}, "hello|a.png|scam"),
        ({"sticker_items": [{"name": "SCAM", "format_type": 5}]}, "hello|scam"),
        ({"embeds": [{"title": "the words of a page that is linked"}]}, "hello"),
    ],
)
def test_all_that_people_see_is_read(more: dict[str, Any], words: str) -> None:
    """Also what is forwarded, asked in a poll, or hangs on the message; previews of links are others' words."""
    assert set(known(**more).readings[0].split(BREAK)) == set(words.split("|"))


@pytest.mark.parametrize(
    "more",
    [
        {"author": {"id": "9", "username": "a", "bot": True}},
        {"webhook_id": "3"},
        {"author": None},
        {"member": None},
    ],
)
def test_only_what_people_of_the_group_write_is_judged(more: dict[str, Any]) -> None:
    """Bots, webhooks and the preview of a link are left alone."""
    assert seen(**more) is None


def test_the_one_replied_to_is_not_mentioned() -> None:
    """Discord names him among the mentions of every reply."""
    facts = known(
        mentions=[{"id": "8"}, {"id": "9"}], mention_roles=["5"], referenced_message={"author": {"id": "8"}}
    )
    assert (facts.mentioned_users, facts.mentioned_roles) == ({"9"}, {"5"})


@pytest.mark.parametrize(
    ("more", "exempt"),
    [
        ({"author": {"id": "70", "username": "owner"}}, frozenset()),
        ({"member": {"roles": ["6"]}}, frozenset()),
        ({}, frozenset({"5"})),
    ],
)
def test_some_are_trusted(more: dict[str, Any], exempt: frozenset[str]) -> None:
    """The owner, who may manage messages, and who has an exempt role."""
    assert known(**more, exempt=exempt).trusted
