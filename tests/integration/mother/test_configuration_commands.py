"""`droasctl config`, `secrets` and `init`: real processes on real folders, without a mother."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from droas_common.errors import CannotCreateError
from droas_mother.adapters.configuration.editing import NotChangedError, changed, place_of, value_of
from droas_mother.adapters.configuration.file_writing import ChangedError, replace_file
from droas_mother.adapters.configuration.sealing import unseal
from droas_mother.adapters.configuration.yaml_documents import read_yaml
from droas_mother.core.configuration.layout import owner_of
from droas_mother.core.settings import BotFile, MotherSettings
from tests.integration.mother.test_droasctl import documented
from tests.support.admin import DROASCTL
from tests.support.terminal import Terminal

ROOT = Path(__file__).parents[3]
BOT = """\
# Who helps
bot_config:
  discord_token: "${HELPER_TOKEN}"  # from the portal
  llm_config:
    base_url: 'http://127.0.0.1:1/v1'
    api_key: none

  protection_level: medium
  tools:
    - economy.*   # coins
    - users.profile
"""
ENVIRONMENT = {"HELPER_TOKEN": "a-token-of-nobody"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a configuration."""
    (tmp_path / "configs" / "bots").mkdir(parents=True)
    (tmp_path / "configs" / "droas.yaml").write_text("http: {port: 9000}\n")
    (tmp_path / "configs" / "bots" / "helper.yaml").write_text(BOT)
    return tmp_path


def ctl(folder: Path, *arguments: str, given: str = "", **environment: str) -> tuple[int, str, str]:
    """Run droasctl in a folder; gives its exit code and what it prints."""
    done = subprocess.run(
        [DROASCTL, *arguments],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, "HOME": str(folder), **environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def json_of(folder: Path, *arguments: str, **environment: str) -> tuple[int, Any]:
    """Run droasctl with --json; gives its exit code and the value."""
    code, out, _ = ctl(folder, *arguments, "--json", **environment)
    return code, json.loads(out)


# --- validate and show -------------------------------------------------------


def test_a_valid_folder_is_zero_and_a_faulty_one_is_78(folder: Path) -> None:
    """Without a mother; every fault on standard error, with its line; as JSON as documented."""
    assert ctl(folder, "config", "validate") == (0, "configs: valid (helper)\n", "")
    (folder / "configs" / "bots" / "helper.yaml").write_text(
        BOT.replace("medium", "hihg") + "  colour: red\n"
    )
    code, out, err = ctl(folder, "config", "validate", "configs", "--set", "http.port=many")
    assert (code, out) == (78, "")
    assert "configs/bots/helper.yaml:8:21" in err
    assert "    8 |   protection_level: hihg\n      |                     ^^^^\n" in err
    assert "--set http.port: http.port: this has the wrong type" in err
    assert err.endswith("droasctl: configs: 3 faults\n")
    assert "\x1b" not in err
    code, value = json_of(folder, "config", "validate", "configs")
    assert (code, value["valid"], set(value)) == (78, False, documented("validation"))
    assert {frozenset(one) for one in value["problems"]} == {frozenset(documented("diagnosis"))}


def test_what_has_no_effect_is_a_warning(folder: Path) -> None:
    """A variable or a file with a slip in its name; not those that are used, or are like none of ours."""
    (folder / "configs/bots/ada.ymal").write_text(BOT)
    (folder / "configs/bots/README.md").write_text("# Bots")
    names = {"DROAS_HTPP__PORT": "1", "DROAS_LOG__LEVEL": "INFO", "DROAS_TEST_SUITE": "x"}
    code, out, err = ctl(folder, "config", "validate", **names)
    assert (code, out) == (0, "configs: valid (helper)\n")
    assert err == (
        "droasctl: warning: configs/bots/ada.ymal: this file is not read (did you mean ada.yml?)\n"
        "droasctl: warning: DROAS_HTPP__PORT: this variable sets nothing (did you mean DROAS_HTTP__PORT?)\n"
    )


def test_a_tool_that_there_is_not_is_a_warning(folder: Path) -> None:
    """With its place and the nearest name; a pattern that means some is none, and the folder is valid."""
    (folder / "configs/droas.yaml").write_text("tools: {tool_rates: {economy.nope: {per_s: 1, burst: 1}}}\n")
    (folder / "configs/bots/helper.yaml").write_text(
        BOT.partition("  tools:")[0] + "  tools: [economy.blance, nope.*, users.*, '*']\n"
    )
    code, out, err = ctl(folder, "config", "validate")
    assert (code, out) == (0, "configs: valid (helper)\n")
    warning = "droasctl: warning: configs"
    assert err.splitlines() == [
        f"{warning}/droas.yaml:1:22: no tool is called so (did you mean economy.void?)",
        f"{warning}/bots/helper.yaml:9:11: no tool is called so (did you mean economy.balance?)",
        f"{warning}/bots/helper.yaml:9:27: no tool is called so",
    ]
    _, value = json_of(folder, "config", "validate")
    assert [one["bot"] for one in value["warnings"]] == [None, "helper", "helper"]


def test_a_file_in_the_folders_place_is_told(folder: Path) -> None:
    """It is not called missing."""
    words = "droasctl: configs/droas.yaml: this is no folder; name the one that holds droas.yaml\n"
    for command in (("validate",), ("show",)):
        assert ctl(folder, "config", *command, "configs/droas.yaml") == (78, "", words)
    assert ctl(folder, "config", "set", "droas.yaml", "http.port", "1", "--config", "configs/droas.yaml") == (
        78,
        "",
        words,
    )


async def test_faults_are_coloured_on_a_terminal_only(folder: Path) -> None:
    """And NO_COLOR is honoured."""
    async with Terminal(DROASCTL, "config", "validate", str(folder / "nowhere")) as screen:
        assert await screen.ends() == 78
        assert "\x1b[1m" in screen.text
    async with Terminal(DROASCTL, "config", "validate", str(folder / "nowhere"), NO_COLOR="1") as screen:
        assert await screen.ends() == 78
        assert "\x1b[1m" not in screen.text


def test_show_tells_what_holds_and_why(folder: Path) -> None:
    """Default, file, variable, argument: the later above the earlier; secrets masked, placeholders as written."""
    given = ("config", "show", "--origin", "--set", "log.level=DEBUG")
    variables = {"DROAS_HTTP__HOST": "::1", "DROAS_LOG__LEVEL": "ERROR"}
    code, out, err = ctl(folder, *given, **variables)
    assert (code, err) == (0, "")
    rows = dict(re.findall(r"(?m)^(\S+: .*?)\s+# (.*)$", out))
    for row, origin in {
        "http.port: 9000": "configs/droas.yaml:1:14",
        'http.host: "::1"': "DROAS_HTTP__HOST",
        'log.level: "DEBUG"': "--set log.level",
        "max_bots: 10": "default",
        'bot_config.discord_token: "${HELPER_TOKEN}"': "configs/bots/helper.yaml:3:18",
        'bot_config.llm_config.api_key: "[redacted]"': "configs/bots/helper.yaml:6:14",
        "tools.tool_rates: {}": "default",
    }.items():
        assert rows[row] == origin
    code, value = json_of(folder, *given, **variables)
    assert {frozenset(one) for one in value["settings"]} == {frozenset(documented("setting"))}
    kinds = {one["name"]: one["kind"] for one in value["settings"]}
    assert (kinds["http.port"], kinds["http.host"], kinds["log.level"]) == ("file", "variable", "argument")
    assert {one["name"]: one["value"] for one in value["settings"]}["economy.guild_currencies"] == {}
    path = folder / "configs" / "bots" / "helper.yaml"
    path.write_text(BOT.replace("{HELPER_TOKEN}", "{HELPER_TOKEN:-secret-default}"))
    permitted = {"DROAS_ALLOW_PLAIN_SECRETS": "true"}
    assert 'bot_config.discord_token: "[redacted]"' in ctl(folder, "config", "show", **permitted)[1]


# --- set ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "before", "after"),
    [
        ("bot_config.protection_level", "high", "protection_level: medium", "protection_level: high"),
        ("bot_config.llm_config.base_url", "http://[::1]/v1", "'http://127.0.0.1:1/v1'", "'http://[::1]/v1'"),
        ("bot_config.tools.1", "users.*", "- users.profile", "- users.*"),
        (
            "bot_config.llm_config.max_tokens",
            "50",
            "    api_key: none\n",
            "    api_key: none\n    max_tokens: 50\n",
        ),
        (
            "bot_config.system_prompt",
            'Be "kind": # yes',
            "- users.profile\n",
            '- users.profile\n  system_prompt: "Be \\"kind\\": # yes"\n',
        ),
        (
            "bot_config.llm_config.model",
            "null",
            "    api_key: none\n",
            "    api_key: none\n    model: null\n",
        ),
        (
            "bot_config.system_prompt",
            "null",
            "- users.profile\n",
            '- users.profile\n  system_prompt: "null"\n',
        ),
        ("bot_config.history_messages", "3", "- users.profile\n", "- users.profile\n  history_messages: 3\n"),
    ],
)
def test_one_value_is_changed_and_nothing_else(name: str, value: str, before: str, after: str) -> None:
    """Comments, order, quoting and blank lines stay as they were."""
    place = place_of(name, BotFile)
    assert changed("f", BOT, place, value_of(value, place, BotFile)) == BOT.replace(before, after)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("", "http.port", "1"),
        ("# only a comment", "http.port", "1"),
        ("http:\n", "http.port", "1"),
        ("http: {}\n", "http.port", "1"),
        ("http: {host: 127.0.0.1}  # here\n", "http.port", "1"),
        ("http: {port: 1}\n---\nhttp: {port: 2}\n", "http.port", "3"),
        ("protection:\n  keywords:\n  - a\n  - b\nhttp: {port: 1}\n", "protection.keywords", "[c, 'd e']"),
        ("economy:\n  guild_currencies: {}\n", "economy.guild_currencies.811", "[gold, silver]"),
        ("log: {level: INFO}", "supervision.limits.memory_soft_mib", "null"),
        ("protection: {keywords: [a, b]}\n", "protection.keywords.0", "c, d"),
        ("protection: {policy: 'strict'}\n", "protection.policy", "null"),
        ("protection:\n  policy: >-\n    strict\n", "protection.policy", "null"),
        ('{"http": {"port": 1}}', "http.port", "2"),
    ],
)
def test_a_change_reads_back_as_what_was_asked(text: str, name: str, value: str) -> None:
    """However the file is written: blocks, braces, several documents, nothing at all."""
    place = place_of(name, MotherSettings)
    wanted = value_of(value, place, MotherSettings)
    data: Any = read_yaml("f", changed("f", text, place, wanted)).documents[-1].data
    for part in place:
        data = data[part]
    assert data == wanted


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (BOT, "bot_config.colour", "there is no such setting"),
        (BOT, "bot_config.system_promt", "did you mean system_prompt?"),
        (BOT, "bot_config.max_tokens", "did you mean bot_config.llm_config.max_tokens?"),
        (BOT, "bot_config.llm.max_tokens", "did you mean bot_config.llm_config.max_tokens?"),
        (BOT, "bot_config.llm_config", "name one setting below it"),
        ("bot_config: [\n", "bot_config.history_messages", "mend the file first"),
        ("bot_config: &a {history_messages: 1}\nother: *a\n", "bot_config.history_messages", "aliases"),
        ("bot_config: text\n", "bot_config.history_messages", "nothing to put it into"),
    ],
)
def test_why_a_setting_is_not_changed_is_told(text: str, name: str, words: str) -> None:
    """In words, and the file stays."""
    with pytest.raises(NotChangedError, match=re.escape(words)):
        changed("f", text, place_of(name, BotFile), 5)


def test_set_examines_the_folder_before_it_writes(folder: Path) -> None:
    """A change that makes a fault is refused; one beside an old fault is not; mode and links stay."""
    path = folder / "configs" / "bots" / "helper.yaml"
    path.chmod(0o640)
    real = folder / "elsewhere.yaml"
    path.rename(real)
    path.symlink_to(real)
    arguments = ("config", "set", "bots/helper.yaml", "bot_config.protection_policy")
    code, _, err = ctl(folder, *arguments, "strict")
    assert (code, "there is no such policy" in err, real.read_text()) == (78, True, BOT)
    code, _, err = ctl(folder, *arguments[:3], "bot_config.discord_token", "my-secret-of-no-shape")
    assert (code, "a token stands here in clear" in err, "my-secret" in err) == (78, True, False)
    code, value = json_of(
        folder, "config", "set", "configs/bots/helper.yaml", "bot_config.history_messages", "7"
    )
    assert (code, value["changed"], set(value)) == (0, True, documented("changed setting"))
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_text() == BOT + "  history_messages: 7\n"
    (folder / "configs" / "droas.yaml").write_text("http: {port: 9000}\ncolour: red\n")
    assert (
        ctl(folder, "config", "set", "bots/helper.yaml", "bot_config.history_messages", "-", given="8\n")[0]
        == 0
    )
    assert ctl(folder, "config", "set", "bots/nobody.yaml", "bot_config.history_messages", "8")[0] == 66
    assert ctl(folder, "config", "set", "../x", "bot_config.history_messages", "8")[0] == 64
    real.write_bytes(b"# fine\n# \xff\n")
    code, _, err = ctl(folder, *arguments, "strict")
    assert (code, "bots/helper.yaml:2:3: the file is not UTF-8 text" in err) == (78, True)
    assert sorted(one.name for one in (folder / "configs" / "bots").iterdir()) == ["helper.yaml"]


def test_a_file_that_somebody_else_has_changed_is_left_alone(tmp_path: Path) -> None:
    """Whoever was first has won; a new file never replaces one, and a volume of Kubernetes is not written to."""
    path = tmp_path / "f.yaml"
    path.write_text("theirs")
    with pytest.raises(ChangedError, match="somebody else has changed"):
        replace_file(path, b"before", b"ours")
    with pytest.raises(CannotCreateError, match="is there already"):
        replace_file(path, None, b"ours")
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "g.yaml").write_text("x")
    (tmp_path / "g.yaml").symlink_to("..2026/g.yaml")
    with pytest.raises(Exception, match="volume of Kubernetes"):
        replace_file(tmp_path / "g.yaml", b"x", b"y")
    assert path.read_text() == "theirs"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["..2026", "f.yaml", "g.yaml"]


# --- secrets -----------------------------------------------------------------


def test_secrets_are_encrypted_rotated_and_read_again(folder: Path) -> None:
    """From an identity to a folder that is valid only with it; in clear, it is warned of what others can read."""
    keys = ".config/sops/age/keys.txt"
    code, value = json_of(folder, "secrets", "keygen", keys)
    assert (code, set(value)) == (0, documented("identity"))
    assert (folder / keys).stat().st_mode & 0o777 == 0o600
    code, _, err = ctl(folder, "secrets", "keygen", keys)
    assert (code, "is there already" in err) == (73, True)
    code, _, err = ctl(folder, "secrets", "keygen", "none/k.txt")
    assert (code, f"no folder {folder / 'none'};" in err, (folder / "none").exists()) == (73, True, False)
    code, _, err = ctl(folder, "secrets", "edit", "none.env")
    assert (code, "none.env: cannot be read" in err) == (66, True)
    assert "SECRET-KEY" not in json.dumps(value)
    secrets = folder / "configs" / "secrets.env"
    secrets.write_text("HELPER_TOKEN=a-token-of-nobody\n")
    warnings = []
    for mode in (0o644, 0o660, 0o600):
        secrets.chmod(mode)
        code, out, err = ctl(folder, "config", "validate", HELPER_TOKEN="")
        assert (code, out) == (0, "configs: valid (helper)\n")
        warnings.append(err)
    assert warnings == [
        *(
            "droasctl: warning: configs/secrets.env: secrets stand here in clear, and others may read or write the file "
            f"(mode {mode}); expected mode 0600, or the file encrypted by `droasctl secrets encrypt`\n"
            for mode in ("0644", "0660")
        ),
        "",
    ]
    secrets.chmod(0o644)
    code, value = json_of(folder, "secrets", "encrypt", "configs/secrets.env")
    assert (code, set(value), value["changed"]) == (0, documented("changed file"), True)
    assert "a-token-of-nobody" not in secrets.read_text()
    before = secrets.read_text()
    assert ctl(folder, "secrets", "rotate", "configs/secrets.env")[0] == 0
    assert secrets.read_text() != before
    assert ctl(folder, "config", "validate", HELPER_TOKEN="") == (0, "configs: valid (helper)\n", "")
    code, _, err = ctl(folder, "config", "validate", HELPER_TOKEN="", HOME="/nowhere")
    assert (code, "there is no age identity" in err) == (78, True)
    code, _, err = ctl(folder, "secrets", "encrypt", "configs/secrets.env")
    assert (code, "encrypted already" in err) == (65, True)
    assert ctl(folder, "secrets", "encrypt", "configs/bots/helper.yaml")[0] == 0
    assert 'bot_config.llm_config.api_key: "[encrypted]"\n' in ctl(folder, "config", "show")[1]
    code, _, err = ctl(folder, "config", "set", "droas.yaml", "http.port", "1")
    assert (code, err) == (0, "")


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        ("false", "nothing was changed"),
        ("no-such-editor", "set EDITOR"),
        ("vi '", "set EDITOR"),
        ("sh -c 'echo [ >> \"$0\"'", "what was typed is not kept"),
    ],
)
def test_an_editor_that_fails_changes_nothing(folder: Path, editor: str, words: str) -> None:
    """The file stays encrypted as it was."""
    path = folder / "f.yaml"
    path.write_bytes((ROOT / "tests/data/sops/all.yaml").read_bytes())
    before = path.read_bytes()
    key = str(ROOT / "tests/data/sops/test-only-key.txt")
    code, _, err = ctl(folder, "secrets", "edit", "f.yaml", EDITOR=editor, VISUAL="", SOPS_AGE_KEY_FILE=key)
    assert (code != 0, words in err, path.read_bytes() == before) == (True, True, True)
    assert err.count("f.yaml:") <= 1


def test_what_was_typed_outlives_somebody_elses_change(folder: Path) -> None:
    """The file stays theirs, and what was typed lies beside it, encrypted, for its owner alone; nobody reads it as settings."""
    path = folder / "configs" / "bots" / "sealed.yaml"
    path.write_bytes((ROOT / "tests/data/sops/all.yaml").read_bytes())
    environment = {"SOPS_AGE_KEY_FILE": str(ROOT / "tests/data/sops/test-only-key.txt")}
    theirs = path.read_text() + "# theirs\n"
    editor = f'sh -c \'echo typed: long-ago >> "$0"; echo "# theirs" >> {path}\''
    code, _, err = ctl(
        folder, "secrets", "edit", "configs/bots/sealed.yaml", EDITOR=editor, VISUAL="", **environment
    )
    (kept,) = path.parent.glob(".typed-*-sealed.yaml")
    assert (code, path.read_text()) == (78, theirs)
    assert f"`droasctl secrets edit {kept.relative_to(folder)}` shows it" in err
    assert (kept.stat().st_mode & 0o777, "long-ago" in kept.read_text()) == (0o600, False)
    assert "typed: long-ago" in unseal(kept.name, kept.read_text(), environment)[0]
    assert owner_of(f"bots/{kept.name}") is None


async def test_what_was_typed_can_be_corrected(folder: Path) -> None:
    """After a fault the editor opens again on the same text, and it is encrypted when it is right."""
    path, editor = folder / "f.yaml", folder / "editor"
    path.write_bytes((ROOT / "tests/data/sops/all.yaml").read_bytes())
    editor.write_text(
        "#!/bin/sh\n"
        'if grep -q "^typed" "$1"; then sed -i "s/^typed: \\[$/typed: long-ago/" "$1"; '
        'else echo "typed: [" >> "$1"; fi\n'
    )
    editor.chmod(0o700)
    environment = {"SOPS_AGE_KEY_FILE": str(ROOT / "tests/data/sops/test-only-key.txt")}
    command = (DROASCTL, "secrets", "edit", path)
    async with Terminal(*command, EDITOR=str(editor), VISUAL="", **environment) as terminal:
        await terminal.until("opens the editor again")
        assert "typed" not in path.read_text()
        terminal.write("\n")
        assert await terminal.ends() == 0
    assert "typed: long-ago" in unseal("f.yaml", path.read_text(), environment)[0]


# --- init --------------------------------------------------------------------

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAx.GaBcDe.helperhelperhelperhelperhelperhelper01"


def test_init_writes_without_asking(folder: Path) -> None:
    """Tokens from the environment go into a file that nobody else reads, and never into YAML; twice is refused."""
    arguments = ("init", "new", "--non-interactive", "--bot", "ada", "--model-url", "http://127.0.0.1:9/v1")
    code, value = json_of(folder, *arguments, ADA_TOKEN=TOKEN)
    assert (code, set(value), value["problems"]) == (0, documented("first configuration"), [])
    assert (folder / "new" / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert TOKEN in (folder / "new" / "secrets.env").read_text()
    assert TOKEN not in "".join(path.read_text() for path in (folder / "new").rglob("*.yaml"))
    assert ctl(folder, "config", "validate", "new") == (0, "new: valid (ada)\n", "")
    code, _, err = ctl(folder, *arguments, ADA_TOKEN=TOKEN)
    assert (code, "is there already" in err) == (73, True)
    code, _, err = ctl(folder, "init", "other", "--non-interactive", HELPER_TOKEN="not-a-token")
    assert (code, "has not the shape of a bot token" in err, "not-a-token" in err) == (64, True, False)
    assert ctl(folder, "init", "other")[0] == 64
    code, _, err = ctl(folder, "init", "other", "--non-interactive", "--bot", "ada", "--bot", "grace")
    assert (code, "init writes one bot" in err) == (64, True)
    for wrong in ("--port=99999", "--model-url=nowhere"):
        assert ctl(folder, "init", "other", "--sandbox", "--non-interactive", wrong)[0] == 64
    assert not (folder / "other").exists()
    for place in ("configs/droas.yaml", "configs/droas.yaml/within"):
        code, _, err = ctl(folder, "init", place, "--sandbox", "--non-interactive")
        assert (code, f"{place}: cannot be made, a file is in its place" in err) == (73, True)
    code, out, _ = ctl(folder, "init", "later", "--non-interactive", HELPER_TOKEN="")
    assert (code, "still to do" in out, "HELPER_TOKEN" in out) == (0, True, True)


def test_init_tells_what_starts_here(folder: Path) -> None:
    """A fresh clone has its programs in .venv/bin; whoever has them on the PATH is told their names."""
    beside = str(DROASCTL.parent)
    rest = os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if one != beside)
    for path, program in ((rest, f"{beside}/droas-mother"), (f"{beside}{os.pathsep}{rest}", "droas-mother")):
        where = f"new{len(path)}"
        out = ctl(folder, "init", where, "--sandbox", "--non-interactive", PATH=path)[1]
        assert f"\n  {program} --config {where}\n" in out, out
        assert "\nnow run, each in a terminal of its own:\n" in out


async def test_init_asks_on_a_terminal(folder: Path) -> None:
    """A few questions; a token is not echoed, and a wrong one is asked for again."""
    where = str(folder / "asked")
    async with Terminal(
        DROASCTL, "init", where, HELPER_TOKEN="", LLM_BASE_URL="", HOME=str(folder)
    ) as screen:
        await screen.until("sandbox on this machine")
        screen.write("\n")
        await screen.until("name of the first bot")
        screen.write("Not A Name\n")
        await screen.until("lower-case letters")
        screen.write("grace\n")
        await screen.until("language model")
        screen.write("\n")
        await screen.until("token of grace")
        screen.text = ""
        screen.write("short\n")
        await screen.until("has not the shape")
        await screen.until("token of grace")  # what is typed before it asks is thrown away
        screen.write(f"{TOKEN}\n")
        await screen.until("that protects")
        screen.write("\n")
        await screen.until("key of the language model")
        screen.write("\n")
        assert await screen.ends() == 0
        assert TOKEN not in screen.text
    assert ctl(folder, "config", "validate", where)[0] == 0
    where = str(folder / "played")
    async with Terminal(DROASCTL, "init", where, HOME=str(folder)) as screen:
        await screen.until("sandbox on this machine")
        screen.write("sandbox\n")
        await screen.until("droas-sandbox --port 8080")
        assert await screen.ends() == 0
    assert ctl(folder, "config", "validate", where)[0] == 0


@pytest.mark.parametrize("given", [(), ("--bot=ada", "--model-url=http://127.0.0.1:9/v1")])
async def test_the_end_of_the_answers_ends_init(folder: Path, given: tuple[str, ...]) -> None:
    """Control and D is no empty answer, neither to a question nor where a token is asked for."""
    where = folder / "asked"
    async with Terminal(DROASCTL, "init", str(where), *given, ADA_TOKEN="", HOME=str(folder)) as screen:
        await screen.until("sandbox on this machine")
        if given:
            screen.write("\n")
            await screen.until("token of ada")
        screen.write("\x04")
        assert await screen.ends() == 64
        assert "nothing was written" in screen.text
        assert "Traceback" not in screen.text
    assert not where.exists()


# --- for editors -------------------------------------------------------------


def test_documents_and_schemas_are_current() -> None:
    """The tables of the documentation and configs/schema are what `make docs` would write."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from write_docs import FILLED, filled, schemas  # noqa: PLC0415 - a script, found by its folder
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    for text in ((ROOT / "docs" / page).read_text() for page in FILLED):
        assert filled(text) == text
    assert {name: (ROOT / f"configs/schema/{name}.json").read_text() for name in schemas()} == schemas()


@pytest.mark.parametrize(
    ("schema", "pattern"), [("droas", "droas.yaml"), ("bot", "bots/*.yaml"), ("policy", "protection/*.yaml")]
)
def test_shipped_files_name_their_schema_and_keep_to_it(schema: str, pattern: str) -> None:
    """An editor that reads the comment at the top finds no fault, placeholders included."""
    found = sorted((ROOT / "configs").glob(pattern))
    assert found
    checker = jsonschema.Draft202012Validator(
        json.loads((ROOT / f"configs/schema/{schema}.json").read_text())
    )
    for path in found:
        text = path.read_text()
        named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
        assert named is not None
        assert (path.parent / named[1]).resolve() == ROOT / f"configs/schema/{schema}.json"
        (document,) = read_yaml(str(path), text).documents
        checker.validate(document.data)
        assert not checker.is_valid({**document.data, "colour": "red"})
