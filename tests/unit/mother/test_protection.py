"""Rules, levels, and how decisions merge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_common.ids import Snowflake
from droas_common.settings import ProtectionLevel
from droas_mother.core.protection.decision import Decision, MessageRef, merge
from droas_mother.core.protection.facts import MEMORY_MESSAGES, MEMORY_S, MessageFacts, remember
from droas_mother.core.protection.judgement import decide, rules
from droas_mother.core.protection.normalisation import MAX_TEXT, normalise, read
from droas_mother.core.protection.policy import POLICIES
from droas_mother.core.protection.policy_settings import PolicySettings
from droas_mother.core.settings import ProtectionSettings
from droas_mother.flows.protection.inspector import Inspector, Verdict
from droas_mother.flows.protection.waiting_line import Waiting, WaitingLine

MEDIUM = POLICIES[ProtectionLevel.MEDIUM]


def facts(
    text: str = "hello", *, labels: tuple[str, ...] = (), number: int = 1, at_s: float = 0.0, **more: object
) -> MessageFacts:
    """Give a message."""
    words = read((text,), labels)
    given_facts: dict[str, object] = {
        "guild_id": Snowflake("1"),
        "channel_id": Snowflake("2"),
        "message_id": Snowflake(str(number)),
        "author_id": Snowflake("9"),
        "author_name": "ada",
        "at_s": at_s,
        "text": words.said,
        "readings": words.readings,
        **more,
    }
    return MessageFacts(**given_facts)  # type: ignore[arg-type]  # a test may vary any field


def judged(message: MessageFacts, settings: ProtectionSettings | None = None) -> Decision:
    """Give the decision about one message without a past."""
    return decide(message, remember((), message), MEDIUM, rules(settings or ProtectionSettings()))


def inspector_of(settings: ProtectionSettings) -> Inspector:
    """Give an inspector that judges every group by the middle level."""
    return Inspector(settings, policy_of=lambda _guild: MEDIUM, name_of=lambda _guild: "medium")


@pytest.mark.parametrize(
    "text", ["free SCAM here", "ＳＣＡＭ", "s\u200bcam", "scàm", "two words here", "two  WORDS"]
)
def test_forbidden_words_are_found_in_every_guise(text: str) -> None:
    """Width, case, invisible and combining characters hide nothing."""
    assert judged(facts(text), ProtectionSettings(keywords=("scam", "two words"))).rule == "keywords"


@pytest.mark.parametrize(
    "text",
    [
        "_scam_",
        "__scam__",
        "s**ca**m",
        "s||ca||m",
        "~~sc~~am",
        "`scam`",
        "\\*scam\\*",
        "two\u2800words",
        "two\u3164words",
        "\ud800scam",
        "sc\N{CYRILLIC SMALL LETTER A}m",
        "S\N{CYRILLIC CAPITAL LETTER ES}AM",
        "tw\N{GREEK SMALL LETTER OMICRON} words",
        "SCA\N{GREEK CAPITAL LETTER MU}",
        "\N{CYRILLIC SMALL LETTER DZE}\N{CYRILLIC SMALL LETTER ES}\N{GREEK SMALL LETTER ALPHA}m",
        "sc\u2065am",
        "sc\U000e0080am",
        "two\u1160words",
        "two\uffa0words",
    ],
)
def test_forbidden_words_are_read_as_people_read_them(text: str) -> None:
    """Marks that Discord does not show, blanks of all kinds and letters that look alike hide nothing."""
    assert judged(facts(text), ProtectionSettings(keywords=("scam", "two words"))).rule == "keywords"


def test_a_word_of_another_script_is_that_word() -> None:
    """What is Cyrillic whole is not read as Latin, and can be forbidden itself."""
    text = "\N{CYRILLIC SMALL LETTER ES}\N{CYRILLIC SMALL LETTER O}\N{CYRILLIC SMALL LETTER ER}"
    assert not judged(facts(text), ProtectionSettings(keywords=("cop",)))
    assert judged(facts(f"**{text}**"), ProtectionSettings(keywords=(text,)))
    assert not judged(facts("cop"), ProtectionSettings(keywords=(text,)))


def test_a_word_of_another_script_with_a_latin_letter_is_that_word() -> None:
    """Look-alikes hide no Cyrillic word, either."""
    casino = "\N{CYRILLIC SMALL LETTER KA}{}\N{CYRILLIC SMALL LETTER ZE}\N{CYRILLIC SMALL LETTER I}"
    settings = ProtectionSettings(keywords=(casino.format("\N{CYRILLIC SMALL LETTER A}"),))
    assert judged(facts(casino.format("a")), settings)
    assert judged(facts(casino.format("A").upper()), settings)
    assert not judged(facts(casino.format("o")), settings)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (
            "\N{CYRILLIC SMALL LETTER ES}\N{CYRILLIC SMALL LETTER U}\N{CYRILLIC SMALL LETTER KA}\N{CYRILLIC SMALL LETTER A}",
            "c\N{CYRILLIC SMALL LETTER U}\N{CYRILLIC SMALL LETTER KA}\N{CYRILLIC SMALL LETTER A}",
        ),
        (
            "\N{CYRILLIC SMALL LETTER I}\N{CYRILLIC SMALL LETTER ZE} \N{CYRILLIC SMALL LETTER ZE}\N{CYRILLIC SMALL LETTER O}",
            "\N{CYRILLIC SMALL LETTER I}\N{CYRILLIC SMALL LETTER ZE} \N{CYRILLIC SMALL LETTER ZE}o",
        ),
        (
            "\N{GREEK SMALL LETTER NU}\N{GREEK SMALL LETTER OMICRON WITH TONOS}\N{GREEK SMALL LETTER MU}\N{GREEK SMALL LETTER FINAL SIGMA}",
            "N\N{GREEK CAPITAL LETTER OMICRON}\N{GREEK CAPITAL LETTER MU}\N{GREEK CAPITAL LETTER SIGMA}",
        ),
    ],
)
def test_look_alikes_are_read_in_each_script(word: str, text: str) -> None:
    """Words all of whose letters have a double, phrases, and capitals, which look like other letters than small ones."""
    assert judged(facts(text), ProtectionSettings(keywords=(word,)))


def test_nothing_that_grows_hides_what_stands_behind_it() -> None:
    """One character may stand for eighteen, and still all of a message is read."""
    padding = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 1_500 + "\N{SQUARE ESUKUUDO}" * 1_500
    assert judged(facts(f"{padding} discord.gg/abc")).rule == "invites"
    assert judged(facts(f"discord.gg/{',/../' * 150}abc")).rule == "invites"


@pytest.mark.parametrize("text", ["a_scam_b", "bad_word", "4 * 5 * 6", "f**k"])
def test_marks_that_are_shown_are_read_as_they_stand(text: str) -> None:
    """An underscore between letters is one; and what is forbidden with marks is found with them."""
    settings = ProtectionSettings(keywords=("scam", "badword", "f**k"))
    assert bool(judged(facts(text), settings)) == (text == "f**k")


@pytest.mark.parametrize("text", ["scampi for dinner", "two\nother words", "hello"])
def test_words_inside_words_are_left_alone(text: str) -> None:
    """Only whole words count."""
    assert not judged(facts(text), ProtectionSettings(keywords=("scam", "two words")))


@pytest.mark.parametrize(
    "text",
    ["discord.gg/abc", "HTTPS://DISCORD.GG/abc", "discord.com/invite/abc", "discordapp.com/invite/ABC x"],
)
def test_invites_are_found(text: str) -> None:
    """Every spelling of an invitation is found, an allowed one is not."""
    assert judged(facts(text)).rule == "invites"
    assert not judged(facts(text), ProtectionSettings(allowed_invites=("abc",)))


@pytest.mark.parametrize(
    "text",
    [
        "discord.gg:443/abc",
        "discord.gg//abc",
        "discord.gg/%61bc",
        "discord\N{IDEOGRAPHIC FULL STOP}gg/abc",
        "discord.gg\\abc",
        "discord.gg/./abc",
        "discord.gg./abc",
        "www.discord.gg/abc?event=1",
        "[click](https://discord.gg/abc)",
        "discord.com/%69nvite/abc",
        "discord.com//invite//abc",
        "discord.com/x/../invite/abc",
        "**discord.gg**/abc",
        "discord.gg:/abc",
        "discord.gg:0000443/abc",
        "discord%2egg/abc",
        "%64iscord.gg/abc",
        "discord.gg/,/../abc",
        "dsc.gg/abc",
        "discord.me/abc",
        f"discord.gg/{'./' * 200}abc",
        f"discord.gg{'/' * 400}abc",
    ],
)
def test_invites_are_read_as_browsers_read_them(text: str) -> None:
    """Ports, doubled and escaped parts, other dots and slashes lead to the same place."""
    assert judged(facts(text)).rule == "invites"
    assert not judged(facts(text), ProtectionSettings(allowed_invites=("abc",)))


@pytest.mark.parametrize(
    "text",
    [
        "discord.com/channels/1/2",
        "mydiscord.gg/abc",
        "discord.gg/",
        "discord.gg is down",
        "links to discord.gg/ are deleted here",
        "use `discord.gg/` links",
        "discord.gg / or rather Matrix?",
        "discord.gg/\nsee you",
    ],
)
def test_other_addresses_are_no_invites(text: str) -> None:
    """Neither another path there nor another host."""
    assert not judged(facts(text))


@pytest.mark.parametrize(
    "between",
    [
        " ",
        ",",
        "\n",
        "&",
        ")(",
        "/https://",
        ":",
        "+",
        ".",
        "\N{EM DASH}",
        "\N{FIRE}",
        "\N{RIGHTWARDS ARROW}",
    ],
)
def test_an_allowed_invite_does_not_hide_another(between: str) -> None:
    """Order does not matter: one foreign invitation is enough."""
    settings = ProtectionSettings(allowed_invites=("ours",))
    assert judged(facts(f"discord.gg/ours{between}discord.gg/theirs"), settings)
    assert judged(facts(f"https://discord.com/x{between}discord.gg/theirs"), settings)
    assert judged(facts("discord.gg/theirs/../ours"), settings)


def test_what_hangs_on_a_message_is_read_but_is_not_what_was_said() -> None:
    """A file's name may hold a forbidden word; five files of one name are no spam."""
    assert (
        judged(facts("", labels=("free scam.png",)), ProtectionSettings(keywords=("scam",))).rule
        == "keywords"
    )
    assert not judged(
        facts("this one is free", labels=("scam.png",)), ProtectionSettings(keywords=("free scam",))
    )
    assert not judged(facts("more at discord.gg/", labels=("image.png",)))
    past, decision = (), Decision()
    for number in range(MEDIUM.duplicate_messages):
        message = facts("", labels=("image.png",), number=number + 1, at_s=number * 8.0)
        past = remember(past, message)
        decision = decide(message, past, MEDIUM, rules(ProtectionSettings()))
    assert not decision


def test_many_mentions_are_stopped() -> None:
    """As many mentions as the policy says lead to a time-out."""
    users = frozenset(Snowflake(str(number)) for number in range(MEDIUM.mentions))
    decision = judged(facts(mentioned_users=users))
    assert decision.time_out_s == MEDIUM.time_out_s
    assert not judged(facts(mentioned_users=frozenset(list(users)[1:])))


def _flood(count: int, gap_s: float, text: str = "hello {}") -> Decision:
    past, decision = (), Decision()
    for number in range(count):
        message = facts(text.format(number), number=number + 1, at_s=number * gap_s)
        past = remember(past, message)
        decision = decide(message, past, MEDIUM, rules(ProtectionSettings()))
    return decision


def test_a_flood_is_taken_away_whole() -> None:
    """The message that makes it a flood takes all of the flood with it."""
    decision = _flood(MEDIUM.flood_messages, 0.1)
    assert len(decision.delete) == MEDIUM.flood_messages
    assert decision.time_out_s == MEDIUM.time_out_s


def test_slow_talk_is_no_flood() -> None:
    """The same number of messages over a longer time is nothing."""
    assert not _flood(MEDIUM.flood_messages, 2.0)


def test_edits_of_old_messages_are_no_flood() -> None:
    """Pins and threads are edits, too: who wrote long ago does not flood now."""
    inspector = inspector_of(ProtectionSettings())
    for number in range(MEDIUM.flood_messages * 2):
        assert (
            inspector.inspect(facts(f"old {number}", number=number + 1, at_s=0.1 * number, edited=True))
            is None
        )
    assert inspector.inspect(facts("new", number=99, at_s=3.0)) is None


def test_a_policy_can_count_to_a_hundred() -> None:
    """As many messages are remembered as any policy counts."""
    policy = PolicySettings(flood_messages=100, flood_window_s=60).policy()
    past, decision = (), Decision()
    for number in range(100):
        message = facts(f"hello {number}", number=number + 1, at_s=number * 0.1)
        past = remember(past, message)
        decision = decide(message, past, policy, rules(ProtectionSettings()))
    assert len(decision.delete) == 100


def test_the_same_message_again_and_again_is_spam() -> None:
    """Equal messages count over a minute, different ones do not."""
    assert _flood(MEDIUM.duplicate_messages, 8.0, text="buy now").rule == "flood"


def test_the_trusted_are_left_alone() -> None:
    """Whoever may manage messages is never acted on."""
    assert not judged(facts("discord.gg/abc", trusted=True))


def test_memory_is_bounded() -> None:
    """However much a member says, little of it is kept."""
    past = ()
    for number in range(500):
        past = remember(past, facts(number=number + 1, at_s=number * 0.01))
    assert len(past) == MEMORY_MESSAGES


decisions = st.builds(
    Decision,
    delete=st.frozensets(st.builds(MessageRef, st.sampled_from("12"), st.sampled_from("345")), max_size=3),
    time_out_s=st.sampled_from([0.0, 60.0, 300.0]),
    reasons=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=3).map(
        lambda found: tuple(sorted(set(found)))
    ),
)


@given(decisions, decisions, decisions)
def test_merging_is_a_semilattice(first: Decision, second: Decision, third: Decision) -> None:
    """Order, grouping and repetition do not change what is decided."""
    assert merge(first, second) == merge(second, first)
    assert merge(merge(first, second), third) == merge(first, merge(second, third))
    assert merge(first, first) == first


@pytest.mark.parametrize(
    "text",
    [
        "\N{SQUARE ESUKUUDO}",
        "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}",
        "a\u0345\u0301\u0316",
        "discord.gg/",
        "_",
        "*a",
        "\N{CYRILLIC SMALL LETTER A}a",
    ],
)
def test_whatever_is_written_little_is_looked_at(text: str) -> None:
    """A form never grows beyond the bound, whatever its letters stand for."""
    whole = text * (2 * MAX_TEXT)
    assert len(normalise(whole)) <= 7 * MAX_TEXT
    assert all(len(one) <= 7 * MAX_TEXT for one in read((whole,), (whole,)).readings)


@given(st.text(max_size=200))
def test_normal_form_is_stable(text: str) -> None:
    """Normalising twice gives what once gave."""
    assert normalise(normalise(text)) == normalise(text)


def test_a_message_is_taken_away_once() -> None:
    """What one verdict deletes, the next one does not delete again."""
    inspector = inspector_of(ProtectionSettings())
    gone: list[str] = []
    for number in range(12):
        verdict = inspector.inspect(facts(f"discord.gg/x{number}", number=number + 1, at_s=number * 0.1))
        assert verdict is not None
        gone += [ref.message_id for ref in verdict.decision.delete]
    assert sorted(gone) == sorted(set(gone))
    assert verdict.decision.time_out_s == MEDIUM.time_out_s


def test_a_judged_message_is_not_judged_again() -> None:
    """Its link's preview makes it an edited one; that is no second offence. Another forbidden one is."""
    inspector = inspector_of(ProtectionSettings(keywords=("scam",)))
    assert inspector.inspect(facts("scam", number=1))
    assert inspector.inspect(facts("scam", number=1, at_s=0.5, edited=True)) is None
    verdict = inspector.inspect(facts("an old scam", number=2, at_s=1.0, edited=True))
    assert verdict is not None
    assert inspector.inspect(facts("an old scam", number=2, at_s=1.5, edited=True)) is None
    inspector.note_standing(verdict.decision.delete)  # it was not carried out
    assert inspector.inspect(facts("an old scam", number=2, at_s=2.0, edited=True))


def test_who_is_silent_is_forgotten() -> None:
    """What is remembered of all members is what they said within a minute."""
    inspector = inspector_of(ProtectionSettings())
    for number in range(1, 1001):
        inspector.inspect(facts(number=number, author_id=Snowflake(str(number)), at_s=float(number)))
    assert len(inspector._recent) <= MEMORY_S + 1


def test_waiting_verdicts_on_a_member_are_joined() -> None:
    """A wave of spam becomes one time-out and one deletion."""
    line = WaitingLine()
    for number in range(1, 6):
        decision = Decision(delete=frozenset({MessageRef(Snowflake("2"), Snowflake(str(number)))}))
        verdict = Verdict(facts=facts(number=number), decision=decision, policy="medium")
        assert line.add(Waiting(verdict=verdict)) is None
    waiting = line.take(0.0)
    assert waiting is not None
    assert len(waiting.verdict.decision.delete) == 5
    assert line.take(0.0) is None
