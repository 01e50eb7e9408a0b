"""Files of sops: what the real program has written is read, what we write the real program reads."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from droas_mother.adapters.configuration import sealing
from droas_mother.adapters.configuration.folder import read_tree
from droas_mother.adapters.configuration.interpretation import examine, load
from droas_mother.adapters.configuration.secret_files import edited, encrypted, rotated
from droas_mother.adapters.configuration.sops import opened
from droas_mother.core.configuration.documents import Document, is_encrypted
from droas_mother.core.configuration.sops_values import Rule, SopsError, bound_to, spelled

DATA = Path(__file__).parents[2] / "data" / "sops"
SOPS = shutil.which("sops", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
RULES = [
    "all",
    "encrypted_regex",
    "unencrypted_regex",
    "encrypted_suffix",
    "unencrypted_suffix",
    "mac_only_encrypted",
    "encrypted_comment_regex",
    "unencrypted_comment_regex",
    "two_recipients",
]
KEY, OTHER_KEY = (
    re.findall(r"AGE-SECRET-KEY-\w+", (DATA / name).read_text())[0]
    for name in ("test-only-key.txt", "test-only-other-key.txt")
)
RECIPIENT = re.findall(r"age1\w+", (DATA / "test-only-key.txt").read_text())[0]
OURS = {"SOPS_AGE_KEY": KEY}


def text_of(name: str) -> str:
    """Give a file of the data."""
    return (DATA / name).read_text()


def data_of(documents: list[Document]) -> list[Any]:
    """Give what documents say, moments in their one spelling."""
    return [
        json.loads(json.dumps(one.data, default=str).replace('"2020-01-02"', '"2020-01-02T00:00:00Z"'))
        for one in documents
    ]


def plain(name: str) -> list[Any]:
    """Give what a file in clear says."""
    return data_of(sealing.documents_of(name, text_of(name)))


# --- reading -----------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_what_sops_has_encrypted_is_read(rule: str) -> None:
    """Every rule of what is encrypted, every type of value, comments, and a MAC over all of it."""
    documents = sealing.documents_of("f.yaml", text_of(f"{rule}.yaml"))
    assert is_encrypted(documents)
    assert data_of(opened(documents, OURS).documents) == plain("plain.yaml")


def test_json_variables_and_several_documents_are_read() -> None:
    """Each kind of file that sops writes and we read."""
    for name, source in (("all.json", "plain.json"), ("documents.yaml", "documents.plain.yaml")):
        assert data_of(opened(sealing.documents_of(name, text_of(name)), OURS).documents) == plain(source)
    (document,) = opened(sealing.documents_of("all.env", text_of("all.env")), OURS).documents
    assert document.data == {
        "HELPER_TOKEN": "a-token",
        "QUOTED": '"a b"',
        "LINES": "one\ntwo",
        "EMPTY": "",
        "PLAIN_unencrypted": "in the open",
    }


def changed_value(text: str) -> str:
    """Change a byte of a ciphertext."""
    return re.sub(
        r"(api_key: ENC\[AES256_GCM,data:)(.)", lambda m: m[1] + ("A" if m[2] != "A" else "B"), text
    )


def swapped_values(text: str) -> str:
    """Let two values change places, each still sealed."""
    token, key = re.findall(r"(?:discord_token|api_key): (ENC\S+)", text)
    return text.replace(token, "?").replace(key, token).replace("?", key)


TAMPERED: dict[str, tuple[Callable[[str], str], str]] = {
    "a changed value": (changed_value, "bot_config.nested.api_key: this value was changed, or moved here"),
    "swapped values": (swapped_values, "this value was changed, or moved here"),
    "a changed value in clear": (
        lambda text: text.replace("in the open", "in the dark"),
        "sops.mac: a value",
    ),
    "an added value": (
        lambda text: text.replace("    whole:", "    more_unencrypted: 1\n    whole:"),
        "sops.mac: a value",
    ),
    "a removed value": (lambda text: re.sub(r"(?m)^    whole: .*\n", "", text), "sops.mac: a value"),
    "a value put in clear": (
        lambda text: re.sub(r"(?m)^    whole: .*$", "    whole: 12", text),
        "bot_config.whole: this value stands in clear",
    ),
    "no MAC": (lambda text: re.sub(r"(?m)^    mac: .*\n", "", text), "sops.mac: is missing"),
    "another MAC": (lambda text: re.sub(r"(?m)^    mac: .*$", "    mac: abc", text), "sops.mac: is missing"),
    "another moment": (
        lambda text: re.sub(r"lastmodified: .*", 'lastmodified: "2020-01-01T00:00:00Z"', text),
        "sops.mac: this file was changed",
    ),
    "two rules": (
        lambda text: text.replace("    version:", "    encrypted_regex: x\n    version:"),
        "two rules",
    ),
    "a bad rule": (
        lambda text: text.replace("unencrypted_suffix: _unencrypted", "encrypted_regex: '('"),
        "no regular expression",
    ),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_a_file_that_somebody_changed_is_refused_as_a_whole(kind: str) -> None:
    """Whatever was changed; the words say what."""
    change, words = TAMPERED[kind]
    text = change(text_of("all.yaml"))
    assert text != text_of("all.yaml")
    with pytest.raises(SopsError, match=re.escape(words)):
        opened(sealing.documents_of("f.yaml", text), OURS)


def test_identities_are_found_where_sops_finds_them(tmp_path: Path) -> None:
    """In a variable, a named file, the standard path, and a systemd credential."""
    documents = sealing.documents_of("f.yaml", text_of("all.yaml"))
    standard = tmp_path / ".config" / "sops" / "age"
    standard.mkdir(parents=True)
    (standard / "keys.txt").write_text(f"# ours\n{OTHER_KEY}\n{KEY}\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "age-key").write_text(KEY)
    for environment in (
        OURS,
        {"SOPS_AGE_KEY_FILE": str(DATA / "test-only-key.txt")},
        {"HOME": str(tmp_path)},
        {"XDG_CONFIG_HOME": str(tmp_path / ".config")},
        {"CREDENTIALS_DIRECTORY": str(credentials)},
    ):
        assert opened(documents, environment).documents


@pytest.mark.parametrize(
    ("name", "environment", "words"),
    [
        ("all", {}, "there is no age identity; put it into SOPS_AGE_KEY"),
        ("other_recipient", OURS, f"and the identities here are {RECIPIENT}"),
        ("all", {"SOPS_AGE_KEY_FILE": "/nowhere"}, "SOPS_AGE_KEY_FILE names /nowhere, which cannot be read"),
        (
            "all",
            {"SOPS_AGE_KEY": "AGE-SECRET-KEY-PQ-1QQQQ"},
            "post-quantum identity, which cannot be used yet",
        ),
        ("all", {"SOPS_AGE_KEY": "AGE-SECRET-KEY-1QQQQ"}, "SOPS_AGE_KEY has an identity that is damaged"),
        ("pgp_only", OURS, "encrypted for PGP only; add an age recipient"),
        ("key_groups", OURS, "shared among several groups"),
    ],
)
def test_why_a_file_cannot_be_opened_is_told(name: str, environment: dict[str, str], words: str) -> None:
    """For whom it is, whose identities there are, and what helps; never a key."""
    with pytest.raises(SopsError, match=re.escape(words)) as caught:
        opened(sealing.documents_of("f.yaml", text_of(f"{name}.yaml")), environment)
    assert "SECRET-KEY-1" not in str(caught.value)


def test_a_configuration_is_read_through_encrypted_files(tmp_path: Path) -> None:
    """Settings and variables; a file that cannot be opened stops its bot, with the place."""
    (tmp_path / "bots").mkdir()
    (tmp_path / "droas.yaml").write_text("")
    bot = "bot_config:\n  discord_token: ${HELPER_TOKEN}\n  llm_config:\n    base_url: http://127.0.0.1:1\n    api_key: k-e-y\n"
    rule = Rule("encrypted_regex", "key")
    (tmp_path / "bots" / "helper.yaml").write_text(encrypted("helper.yaml", bot, [RECIPIENT], rule))
    (tmp_path / "secrets.enc.env").write_text(text_of("all.env"))
    settings = load(tmp_path, OURS).bots["helper"]  # type: ignore[index]  # a plain name serves
    assert settings.discord_token.get_secret_value() == "a-token"
    assert settings.llm_config.api_key.get_secret_value() == "k-e-y"
    found = examine(read_tree(tmp_path), {"SOPS_AGE_KEY": OTHER_KEY})
    assert [one.span.line for one in found.diagnoses if one.bot == "helper"] == [6]
    assert found.configuration is not None
    assert not found.configuration.bots


def test_libraries_are_imported_only_where_something_is_encrypted(tmp_path: Path) -> None:
    """A mother without encrypted files pays nothing for them."""
    (tmp_path / "droas.yaml").write_text("")
    program = (
        "import sys; from pathlib import Path; from droas_mother.adapters.configuration.interpretation import load;"
        f"load(Path({str(tmp_path)!r})); assert not {{'pyrage', 'cryptography'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# --- writing -------------------------------------------------------------------

SOURCES = ["plain.yaml", "documents.plain.yaml", "plain.json", "plain.env"]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    "rule", [Rule("unencrypted_suffix", "_unencrypted"), Rule("encrypted_regex", "(?i)token|key|list")]
)
def test_what_is_encrypted_comes_back_character_by_character(name: str, rule: Rule) -> None:
    """Comments, order, quoting and blank lines of what stays in clear are untouched; secrets are gone."""
    made = encrypted(name, text_of(name), [RECIPIENT], rule)
    assert "a-token" not in made
    back, _ = sealing.unseal(name, made, OURS)
    assert data_of(sealing.documents_of(name, back)) == plain(name)
    if not name.endswith(".json"):
        kept = [
            line for line in text_of(name).splitlines() if "ENC[" not in line and line in made.splitlines()
        ]
        assert [line for line in back.splitlines() if line in kept] == kept
        assert re.findall(r"#.*", back) == re.findall(r"#.*", text_of(name))


@pytest.mark.parametrize(
    "name", ["all.yaml", "encrypted_regex.yaml", "documents.yaml", "all.json", "all.env"]
)
def test_an_edit_changes_nothing_else(name: str) -> None:
    """Values that were not touched keep their ciphertext, so that a diff shows what was changed."""
    before = text_of(name)
    old, new = ("second: two", "second: 2nd") if name == "documents.yaml" else ("a-token", "another-token")
    after = edited(name, before, OURS, lambda text: text.replace(old, new))
    assert new in sealing.unseal(name, after, OURS)[0]
    sealed_before, sealed_after = (
        set(re.findall(r"ENC\[[^\]]*type:(?!comment)\w+\]", text)) for text in (before, after)
    )
    assert len(sealed_after - sealed_before) == 2  # the value and the MAC
    assert edited(name, before, OURS, lambda text: text) == before


def test_a_rotated_file_has_another_key_and_other_recipients() -> None:
    """Who could open it and is not named can no longer, and no ciphertext stays."""
    before = text_of("two_recipients.yaml")
    after = rotated("f.yaml", before, OURS, [RECIPIENT])
    assert not set(re.findall(r"ENC\[\S+", before)) & set(re.findall(r"ENC\[\S+", after))
    assert (
        opened(sealing.documents_of("f.yaml", after), OURS).key
        != opened(sealing.documents_of("f.yaml", before), OURS).key
    )
    with pytest.raises(SopsError, match="the identities here"):
        opened(sealing.documents_of("f.yaml", after), {"SOPS_AGE_KEY": OTHER_KEY})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x b\nc: *x\n", "aliases"),
        ("{a: b}\n", "write the top"),
        ("a: [\n", "the file ends"),
        ("a: 1\na: 2\n", "twice"),
        ("other: sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "would stay in clear"),
    ],
)
def test_what_cannot_be_encrypted_is_told(text: str, words: str) -> None:
    """And nothing is written."""
    with pytest.raises(SopsError, match=words):
        encrypted("f.yaml", text, [RECIPIENT], Rule("encrypted_regex", "token"))
    with pytest.raises(SopsError, match="encrypted already"):
        encrypted("f.yaml", text_of("all.yaml"), [RECIPIENT], Rule("encrypted_regex", "token"))
    with pytest.raises(SopsError, match="no age recipient"):
        encrypted("f.yaml", "a: 1\n", ["age1nobody"], Rule("encrypted_regex", "token"))


_TEXT = st.text(max_size=12, alphabet=st.characters(exclude_categories=["Cs", "Cc"]))
_SCALAR = (
    _TEXT
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e15, 1e15)
    | st.booleans()
    | st.none()
    | st.sampled_from(["yes", "null", "1.0", "a\nb\n", "# x", " x ", "ENC[", "'", '"', "\t", ""])
)
_KEYS = st.text(alphabet="abcé_.-: ", min_size=1, max_size=6).filter(lambda key: key.strip() == key)
_DATA = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_DOCUMENT = st.dictionaries(_KEYS, _DATA, min_size=1, max_size=4)


def as_yaml(data: dict[str, Any]) -> str:
    """Write data as YAML in blocks, as people do."""
    stream = io.StringIO()
    YAML().dump(data, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["f.yaml", "f.json"])
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=_DOCUMENT)
def test_any_document_comes_back(name: str, data: dict[str, Any]) -> None:
    """Keys and values of every kind, however they must be quoted."""
    text = as_yaml(data) if name == "f.yaml" else json.dumps(data, ensure_ascii=False)
    before = sealing.documents_of(name, text)[0].data
    made = encrypted(name, text, [RECIPIENT], Rule("unencrypted_suffix", "_unencrypted"))
    back, _ = sealing.unseal(name, made, OURS)
    assert sealing.documents_of(name, back)[0].data == before
    assert opened(sealing.documents_of(name, made), OURS).documents[0].data == before


def test_a_number_that_json_would_round_is_refused() -> None:
    """To sops numbers of JSON are floats; an id would become another one."""
    with pytest.raises(SopsError, match="write it as a text"):
        encrypted("f.json", '{"id": 80351110224678912123}', [RECIPIENT], Rule("encrypted_regex", "key"))


def test_values_are_spelled_and_bound_as_sops_does() -> None:
    """Numbers as Go writes them, booleans as Python, places without indices."""
    spellings = {1.5: b"1.5", 1e10: b"10000000000", -0.000001: b"-0.000001", 2.0: b"2"}
    assert {value: spelled(value)[1] for value in spellings} == spellings
    assert (spelled(True), spelled(7)) == (("bool", b"True"), ("int", b"7"))
    assert (bound_to(("a", 0, "b")), bound_to(())) == (b"a:b:", b":")


# --- beside the real program ---------------------------------------------------


def real_sops(*arguments: str) -> str:
    """Run it; gives what it says."""
    assert SOPS is not None
    done = subprocess.run(
        [SOPS, "--disable-version-check", *arguments],
        env={**os.environ, **OURS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(SOPS is None, reason="sops is not installed")
@pytest.mark.parametrize("name", SOURCES)
def test_the_real_program_reads_what_we_write(name: str, tmp_path: Path) -> None:
    """Encrypted, edited and rotated by us, it comes out as what it encrypted itself does, comments and all."""
    theirs = tmp_path / f"theirs.{name}"
    theirs.write_text(real_sops("encrypt", "--age", RECIPIENT, str(DATA / name)))
    expected = real_sops("decrypt", str(theirs))
    ours = tmp_path / f"ours.{name}"
    ours.write_text(encrypted(name, text_of(name), [RECIPIENT], Rule("unencrypted_suffix", "_unencrypted")))
    assert real_sops("decrypt", str(ours)) == expected
    ours.write_text(rotated(name, ours.read_text(), OURS, []))
    assert real_sops("decrypt", str(ours)) == expected
    old, new = ("two", "zwei") if name.startswith("documents") else ("a-token", "another-token")
    theirs.write_text(edited(name, theirs.read_text(), OURS, lambda text: text.replace(old, new)))
    assert real_sops("decrypt", str(theirs)) == expected.replace(old, new)


@pytest.mark.skipif(SOPS is None, reason="sops is not installed")
@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=_DOCUMENT)
def test_the_real_program_reads_any_document(data: dict[str, Any]) -> None:
    """What it makes of our file is what was in it."""
    text = as_yaml(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.yaml"
        path.write_text(encrypted("f.yaml", text, [RECIPIENT], Rule("unencrypted_suffix", "_unencrypted")))
        said = json.loads(real_sops("decrypt", "--output-type", "json", str(path)))
    assert said == json.loads(json.dumps(sealing.documents_of("f.yaml", text)[0].data))


@pytest.mark.skipif(SOPS is None, reason="sops is not installed")
def test_the_real_program_obeys_our_partial_rule(tmp_path: Path) -> None:
    """A file that is encrypted in part, and its MAC over the rest."""
    path = tmp_path / "f.yaml"
    path.write_text(
        encrypted("f.yaml", text_of("plain.yaml"), [RECIPIENT], Rule("encrypted_regex", "token|key"))
    )
    assert "unicode" in real_sops("decrypt", str(path))
