"""Command lines in the order in which people write them."""

import pytest

from droas_mother.ctl.client import PATIENCE_S
from droas_mother.ctl.parser import build
from droas_mother.flows.tools import tool_gateway


@pytest.mark.parametrize(
    "line",
    [
        "tools call economy.award to=11 amount=5 --user 10",
        "tools call economy.award --user 10 to=11 amount=5",
        "tools call --user 10 economy.award to=11 --json amount=5",
        "tools call --json economy.award to=11 --us 10 amount=5",
        "tools call --user=10 -- economy.award to=11 amount=5",
    ],
)
def test_arguments_of_a_tool_stand_anywhere(line: str) -> None:
    """Before, between and after options; --json takes a JSON object, and nothing else, from what follows."""
    found = build(line.split()).parse_args(line.split())
    assert (found.tool, found.pairs, found.user) == ("economy.award", ["to=11", "amount=5"], "10")
    assert found.json == ("" if "--json" in line else None)


def test_json_takes_an_object() -> None:
    """As one word, or behind =."""
    for given in (["--json", '{"a": 1}'], ['--json={"a": 1}']):
        line = ["tools", "call", *given, "economy.award", "b=2"]
        found = build(line).parse_args(line)
        assert (found.json, found.tool, found.pairs) == ('{"a": 1}', "economy.award", ["b=2"])


@pytest.mark.parametrize(
    "line",
    [
        "client add r7 --scope a b --guild 1 2 --out f",
        "client add --scope a --scope b --guild 1 2 --out f r7",
        "client add --guild 1 --guild=2 --out f --scope a b r7",
        "client add --out f --gui 1 2 --scope=a r7 --scope b",
    ],
)
def test_several_values_follow_one_another(line: str) -> None:
    """As the guide writes it, PATTERN…, or each with its option; the name is what is left over."""
    found = build(line.split()).parse_args(line.split())
    assert (found.name, sorted(found.scope), sorted(found.guild)) == ("r7", ["a", "b"], ["1", "2"])
    assert found.out == "f"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tools call --json", "droasctl tools call: the following arguments are required: NAME\n"),
        ("tools call x --key --user 10", "argument --key: expected one argument"),
        ("tools call x --bogus", "droasctl tools call: unrecognized arguments: --bogus"),
        ("client add --scope a", "droasctl client add: the following arguments are required: NAME\n"),
        ("status a b", "droasctl status: unrecognized arguments: b"),
        ("audit query --limit 2000", "--limit: 2000: a whole number from 1 to 1000 is wanted"),
        ("audit query --limit many", "--limit: many: a whole number from 1 to 1000 is wanted"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_usage_of_its_command(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is missing or left over, and how this command is used, not all of droasctl."""
    with pytest.raises(SystemExit) as end:
        build(line.split()).parse_args(line.split())
    err = capsys.readouterr().err
    assert (end.value.code, words in err) == (64, True), err
    assert err.startswith(f"usage: droasctl {line.split(maxsplit=1)[0]}")


def test_droasctl_waits_longer_than_the_mother() -> None:
    """What she says of a database that does not answer is heard."""
    assert PATIENCE_S >= tool_gateway._LONGEST_WAIT_S + 3
