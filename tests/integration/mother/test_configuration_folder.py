"""Folders as they lie on disks: Kubernetes's links, editors' leavings, files that change while they are read."""

import os
import threading
from pathlib import Path

from droas_mother.adapters.configuration.folder import read_tree
from droas_mother.adapters.configuration.interpretation import examine, interpret, load
from droas_mother.core.configuration.tree import Tree

ENVIRONMENT = {"T": "a-token-of-nobody"}
BOT = "bot_config: {discord_token: '${T}', llm_config: {base_url: 'http://127.0.0.1:1', api_key: none}}\n"


def volume(folder: Path, version: str, text: str) -> None:
    """Lay a file as Kubernetes does, and swap the link to its folder."""
    (folder / f"..{version}").mkdir(parents=True)
    (folder / f"..{version}" / "helper.yaml").write_text(text)
    (folder / "..data_tmp").symlink_to(f"..{version}")
    (folder / "..data_tmp").rename(folder / "..data")
    if not (folder / "helper.yaml").is_symlink():
        (folder / "helper.yaml").symlink_to("..data/helper.yaml")


def test_a_volume_of_kubernetes_is_one_bot(tmp_path: Path) -> None:
    """Links are followed, and the folders behind them are no bots of their own."""
    (tmp_path / "droas.yaml").write_text("")
    volume(tmp_path / "bots", "2026_1", BOT)
    assert list(load(tmp_path, ENVIRONMENT).bots) == ["helper"]
    before = read_tree(tmp_path)
    volume(tmp_path / "bots", "2026_2", BOT + "# new\n")
    after = read_tree(tmp_path)
    assert list(after.files) == ["droas.yaml", "bots/helper.yaml"]
    assert after.digest != before.digest


def test_what_editors_leave_behind_is_not_read(tmp_path: Path) -> None:
    """Swap files, backups and temporary names of every kind."""
    (tmp_path / "droas.yaml").write_text("")
    (tmp_path / "bots").mkdir()
    (tmp_path / "bots" / "helper.yaml").write_text(BOT)
    for name in (
        ".helper.yaml.swp",
        "helper.yaml~",
        "#helper.yaml#",
        ".#helper.yaml",
        "4913",
        "helper.yaml.tmp",
        "helper.bak",
    ):
        (tmp_path / "bots" / name).write_text("broken: [")
    assert list(read_tree(tmp_path).files) == ["droas.yaml", "bots/helper.yaml"]
    assert load(tmp_path, ENVIRONMENT).problems == ()


def test_a_bot_of_several_files_is_one_bot(tmp_path: Path) -> None:
    """File, folder and documents are laid over one another; a fault is told in its own file."""
    (tmp_path / "droas.yaml").write_text("http: {port: 1}\n---\nhttp: {host: '::1'}\n")
    (tmp_path / "droas.d").mkdir()
    (tmp_path / "droas.d" / "site.json").write_text('{\n\t"http": {"port": 2}\n}\n')
    (tmp_path / "bots" / "helper").mkdir(parents=True)
    (tmp_path / "bots" / "helper.yaml").write_text(BOT)
    (tmp_path / "bots" / "helper" / "persona.yaml").write_text("bot_config:\n  system_prompt: Be kind.\n")
    configuration = load(tmp_path, ENVIRONMENT)
    assert (configuration.mother.http.port, configuration.mother.http.host) == (2, "::1")
    assert configuration.bots["helper"].system_prompt == "Be kind."  # type: ignore[index]  # a plain name serves
    (tmp_path / "bots" / "helper" / "persona.yaml").write_text("bot_config:\n  system_prompt: [x]\n")
    (said,) = load(tmp_path, ENVIRONMENT).problems
    assert str(said.span) == f"{tmp_path}/bots/helper/persona.yaml:2:18"


def test_a_tree_is_of_one_moment(tmp_path: Path) -> None:
    """While a volume is swapped all the time, two files of it are never of different versions."""
    (tmp_path / "..1").mkdir()
    (tmp_path / "..1" / "droas.yaml").write_text("max_bots: 1\n")
    (tmp_path / "..1" / "secrets.env").write_text("A=1\n")
    (tmp_path / "..data").symlink_to("..1")
    for name in ("droas.yaml", "secrets.env"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    stop = threading.Event()

    def swap() -> None:
        number = 1
        while not stop.wait(0.02):
            number += 1
            new = tmp_path / f"..{number}"
            new.mkdir()
            (new / "droas.yaml").write_text(f"max_bots: {number}\n")
            (new / "secrets.env").write_text(f"A={number}\n")
            (tmp_path / "..data_tmp").symlink_to(new.name)
            os.replace(tmp_path / "..data_tmp", tmp_path / "..data")  # noqa: PTH105 - a link is replaced

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(150):
            files = read_tree(tmp_path).files
            numbers = {raw.strip().rpartition(b"=" if b"=" in raw else b" ")[2] for raw in files.values()}
            assert len(numbers) == 1
    finally:
        stop.set()
        swapper.join()


def test_reading_and_interpreting_are_two_things(tmp_path: Path) -> None:
    """A tree that was kept says what the folder said, after the folder is gone."""
    (tmp_path / "droas.yaml").write_text("http: {port: 5}\n")
    tree = read_tree(tmp_path)
    (tmp_path / "droas.yaml").unlink()
    assert interpret(tree, {}).mother.http.port == 5
    kept = Tree(root="kept", files=dict(tree.files))
    assert (kept.digest, interpret(kept, {}).mother.http.port) == (tree.digest, 5)


def test_variables_of_files_lie_below_the_environment(tmp_path: Path) -> None:
    """They feed placeholders and DROAS_ settings; what is set outside stands above."""
    (tmp_path / "droas.yaml").write_text("log: {level: '${LEVEL:-INFO}'}\n")
    (tmp_path / "a.env").write_text("LEVEL=DEBUG\nDROAS_HTTP__PORT=7\n")
    (tmp_path / "b.env").write_text("export DROAS_HTTP__PORT=8\n")
    assert (mother := load(tmp_path, {}).mother).log.level == "DEBUG"
    assert mother.http.port == 8
    assert load(tmp_path, {"LEVEL": "ERROR", "DROAS_HTTP__PORT": ""}).mother.log.level == "ERROR"


def test_plain_secrets_are_allowed_where_somebody_says_so(tmp_path: Path) -> None:
    """One setting of the mother, for all files."""
    token = "MTAwMDAwMDAwMDAwMDAwMDAx.GaBcDe.helperhelperhelperhelperhelperhelper01"
    files = {"droas.yaml": b"", "bots/helper.yaml": BOT.replace("${T}", token).encode()}
    assert [one.bot for one in examine(Tree(root="c", files=files), {}).diagnoses] == ["helper"]
    shapeless = {
        "bots/helper.yaml": BOT.replace("${T}", "${T:-my-secret}"),
        "bots/other.yaml": BOT.replace("none", "0123456789abcdef0123456789abcdef"),
        "droas.yaml": "storage: {url: 'postgresql+psycopg://droas:pass@127.0.0.1/droas'}",
        "bots/fine.yaml": BOT.replace("none", "any-text-will-do").replace("${T}", "Bot ${T}"),
    }
    told = examine(
        Tree(root="c", files={path: text.encode() for path, text in shapeless.items()}), ENVIRONMENT
    )
    assert [(one.bot, one.words) for one in told.diagnoses if "clear" in one.words] == [
        (None, "a password stands here in clear"),
        ("helper", "a token stands here in clear"),
        ("other", "a key stands here in clear"),
    ]
    assert "my-secret" not in "".join(map(str, told.diagnoses))
    files["droas.yaml"] = b"allow_plain_secrets: true\n"
    found = examine(Tree(root="c", files=files), {})
    assert found.configuration is not None
    assert found.configuration.bots["helper"].discord_token.get_secret_value() == token  # type: ignore[index]  # as above


def test_what_cannot_be_reached_is_a_fault_and_no_error(tmp_path: Path) -> None:
    """A link that leads nowhere reachable, a name of other bytes, a folder that cannot be read."""
    bots = tmp_path / "bots"
    bots.mkdir()
    (tmp_path / "droas.yaml").write_text("")
    (bots / "helper.yaml").write_text(BOT)
    (bots / "linked.yaml").symlink_to("x" * 300)
    Path(os.fsdecode(os.fsencode(bots) + b"/caf\xe9.yaml")).write_text(BOT)
    tree = read_tree(tmp_path)
    assert tree.unreadable["bots/caf\\xe9.yaml"] == "the name of this file is not UTF-8"
    assert tree.digest.isascii()
    found = examine(tree, ENVIRONMENT)
    assert found.configuration is not None
    assert list(found.configuration.bots) == ["helper"]
    assert sorted(one.span.file for one in found.diagnoses) == [
        f"{bots}/caf\\xe9.yaml",
        f"{bots}/linked.yaml",
    ]


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    """No bot is taken for removed: the mother's settings are faulty, so that what ran goes on."""
    (tmp_path / "droas.yaml").write_text("")
    (tmp_path / "bots").symlink_to("bots")
    found = examine(read_tree(tmp_path), ENVIRONMENT)
    assert found.configuration is None
    assert [(one.span.file, one.fatal) for one in found.diagnoses] == [(f"{tmp_path}/bots", True)]
    assert "this folder cannot be read" in found.diagnoses[0].words
