"""Configuration folders: the given shape works as it stands, every fault is said with its place."""

from itertools import pairwise
from pathlib import Path

import pytest

from droas_common.errors import ConfigurationError
from droas_mother.adapters.configuration.interpretation import load

ENVIRONMENT = {
    "CHILD_BOT_01_TOKEN": "token-one",
    "LLM_BASE_URL": "http://127.0.0.1:1/v1",
    "LLM_API_KEY": "key",
}

GIVEN = """\
bot_config:
  discord_token: "${CHILD_BOT_01_TOKEN}"
  llm_config:
    base_url: "${LLM_BASE_URL}"
    api_key: "${LLM_API_KEY}"
  system_prompt: "You are a helpful assistant..."
  protection_level: "medium"
"""


def folder_with(path: Path, bot: str | bytes = GIVEN, mother: str | bytes = "") -> Path:
    """Write a configuration with one bot."""
    (path / "bots").mkdir()
    (path / "droas.yaml").write_bytes(mother.encode() if isinstance(mother, str) else mother)
    (path / "bots" / "helper.yaml").write_bytes(bot.encode() if isinstance(bot, str) else bot)
    return path


def test_the_given_shape_works(tmp_path: Path) -> None:
    """The file that users are told to write is valid, and its name is the bot's."""
    configuration = load(folder_with(tmp_path), ENVIRONMENT)
    bot = configuration.bots["helper"]  # type: ignore[index]  # a plain name serves
    assert bot.discord_token.get_secret_value() == "token-one"
    assert str(bot.llm_config.base_url) == "http://127.0.0.1:1/v1"
    assert configuration.problems == ()


FAULTS: dict[str, tuple[str | bytes, str]] = {
    "unknown key": (
        GIVEN + "  colour: red\n",
        "helper.yaml:8:3: bot_config.colour: there is no such setting",
    ),
    "known elsewhere": (
        GIVEN + "  max_tokens: 5\n",
        "bot_config.max_tokens: there is no such setting (did you mean bot_config.llm_config.max_tokens?)",
    ),
    "wrong type": (GIVEN + "  history_messages: many\n", "helper.yaml:8:21: bot_config.history_messages:"),
    "out of range": (GIVEN + "  history_messages: 101\n", "helper.yaml:8:21: bot_config.history_messages:"),
    "bad choice": (GIVEN.replace("medium", "extreme"), "helper.yaml:7:21: bot_config.protection_level:"),
    "not an address": (
        GIVEN.replace("${LLM_BASE_URL}", "nowhere"),
        "helper.yaml:4:15: bot_config.llm_config.base_url:",
    ),
    "missing": ("bot_config:\n  system_prompt: x\n", "helper.yaml:1:1: bot_config.discord_token: is missing"),
    "missing variable": (
        GIVEN.replace("LLM_API_KEY", "NOPE"),
        "helper.yaml:5:14: the environment variable NOPE is not set; set it, or write it into",
    ),
    "missing variable of no secret": (
        GIVEN.replace("medium", "${NOPE}"),
        "helper.yaml:7:21: the environment variable NOPE is not set; set it, or write ${NOPE:-a default}",
    ),
    "duplicate key": (
        GIVEN + '  protection_level: "low"\n',
        'helper.yaml:8:3: the key "protection_level" stands here twice',
    ),
    "no YAML": ("bot_config: [\n", "helper.yaml:1:14: the file ends in the middle of a value"),
    "a tab": ("bot_config:\n\tx: 1\n", "helper.yaml:2:1:"),
    "not a mapping": ("- a\n", "helper.yaml:1:1: expected `key: value` lines"),
    "empty": ("", "helper.yaml:1:1: bot_config: is missing"),
    "binary": (b"\x00\xff\xfe", "helper.yaml:1:1: the file is not UTF-8 text"),
    "oversize": ("#" * 2_000_000, "helper.yaml:1:1: the file has 2000000 bytes"),
    "alias bomb": (
        "a: &a [x]\n" + "".join(f"{x}: &{x} [{', '.join(['*' + a] * 20)}]\n" for a, x in pairwise("abcde")),
        "values, aliases written out",
    ),
    "deep": ("a: " + "[" * 500 + "]" * 500 + "\n", "helper.yaml:1:"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_stops_its_bot_and_is_said(tmp_path: Path, kind: str) -> None:
    """A faulty bot's file leaves the mother running, and its fault has file, line and column."""
    text, expected = FAULTS[kind]
    configuration = load(folder_with(tmp_path, text), ENVIRONMENT)
    assert not configuration.bots
    assert any(expected in problem.headline for problem in configuration.problems), configuration.problems


def test_no_value_is_ever_quoted(tmp_path: Path) -> None:
    """A secret in the wrong place is not printed with the fault."""
    text = GIVEN + "  history_messages: very-secret-value\n  max_tool_rounds: ${SECRET}\n"
    configuration = load(folder_with(tmp_path, text), {**ENVIRONMENT, "SECRET": "very-secret-value"})
    assert configuration.problems
    assert "very-secret-value" not in "".join(map(str, configuration.problems))


@pytest.mark.parametrize(
    ("mother", "expected"),
    [
        ("http: {port: 99999}\n", "droas.yaml:1:14: http.port:"),
        ("htp: {}\n", "droas.yaml:1:1: htp: there is no such setting"),
        ('control_bot: {discord_token: "${NOPE}"}\n', "NOPE is not set"),
        (
            'storage: {url: "mysql://x"}\n',
            "droas.yaml:1:16: storage.url: this kind of database is not served",
        ),
        ("storage: {url: 'garbage:pw@x'}\n", "droas.yaml:1:16: storage.url: this kind"),
        (
            "supervision: {heartbeat_interval_s: 60, heartbeat_timeout_s: 1}\n",
            "droas.yaml:1:62: supervision.heartbeat_timeout_s: every bot would be killed",
        ),
        ("supervision: {heartbeat_interval_s: 3}\n", "droas.yaml:1:1: supervision.heartbeat_timeout_s:"),
        (
            "supervision:\n  limits: {memory_soft_mib: 600, memory_hard_mib: 100}\n",
            "droas.yaml:2:29: supervision.limits.memory_soft_mib: the soft limit is beyond the hard one",
        ),
        (
            "economy: {currencies: [coins, coins]}\n",
            "droas.yaml:1:31: economy.currencies: coins stands here twice",
        ),
        (
            "economy: {guild_currencies: {zz: [a]}}\n",
            "droas.yaml:1:30: economy.guild_currencies: this is no id of a group",
        ),
        ("economy: {guild_currencies: {'1': []}}\n", "economy.guild_currencies: this group has no currency"),
        (
            "protection: {guild_policies: {zz: strict}}\n",
            "droas.yaml:1:31: protection.guild_policies: this is no id of a group",
        ),
    ],
)
def test_a_fault_of_the_mothers_file_stops_everything(tmp_path: Path, mother: str, expected: str) -> None:
    """Her own file must be right, else she does not start."""
    with pytest.raises(ConfigurationError, match=expected.replace("(", r"\(")):
        load(folder_with(tmp_path, mother=mother), ENVIRONMENT)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    """Who names a wrong folder is told what to name."""
    with pytest.raises(ConfigurationError, match=r"droas\.yaml: there is no such file"):
        load(tmp_path / "nowhere", {})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    """DROAS_ variables stand above droas.yaml, and `--set` above them."""
    folder_with(tmp_path, mother="http: {port: 9000}\n")
    environment = {**ENVIRONMENT, "DROAS_HTTP__PORT": "9001"}
    assert load(tmp_path, environment).mother.http.port == 9001
    assert load(tmp_path, environment, ["http.port=9002"]).mother.http.port == 9002


def test_one_token_is_one_bot(tmp_path: Path) -> None:
    """Two files with one token would end both bots at Discord: the second is not started."""
    folder_with(tmp_path)
    (tmp_path / "bots" / "twin.yaml").write_text(GIVEN)
    configuration = load(tmp_path, ENVIRONMENT)
    assert list(configuration.bots) == ["helper"]
    assert "this token is also helper's" in configuration.problems[0].headline


def test_more_bots_than_allowed_are_refused(tmp_path: Path) -> None:
    """Eleven bots are one too many, and the setting that decides it is named."""
    folder_with(tmp_path, mother="allow_plain_secrets: true\n")
    for number in range(10):
        text = GIVEN.replace("${CHILD_BOT_01_TOKEN}", f"token-{number}-of-a-bot")
        (tmp_path / "bots" / f"b{number}.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match="higher max_bots"):
        load(tmp_path, ENVIRONMENT)
