"""Trees, layouts, documents and lines: the pure half of the configuration."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.documents import Document, Entry, Place, leaves, merged
from droas_mother.core.configuration.layout import Kind, Owner, arrange, owner_of
from droas_mother.core.configuration.source_lines import Sources
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.configuration.variables import read_lines, unquoted, values_in


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("droas.yaml", Owner(Kind.MOTHER)),
        ("droas.json", Owner(Kind.MOTHER)),
        ("droas.d/10-site.yml", Owner(Kind.MOTHER)),
        ("bots/helper.yaml", Owner(Kind.BOT, "helper")),
        ("bots/helper/persona.yaml", Owner(Kind.BOT, "helper")),
        ("protection/strict.yaml", Owner(Kind.POLICY, "strict")),
        ("secrets.enc.env", Owner(Kind.VARIABLES)),
        ("environment", Owner(Kind.VARIABLES)),
        ("bots/.helper.yaml.swp", None),
        ("bots/.helper.yaml", None),
        ("bots/helper.yaml~", None),
        ("bots/#helper.yaml#", None),
        ("bots/4913", None),
        ("bots/..data/helper.yaml", None),
        ("bots/..2026_11_24/helper.yaml", None),
        ("bots/a/b/c.yaml", None),
        ("other.yaml", None),
        ("bots/notes.txt", None),
        ("bots/secrets.env", None),
        ("schema/bot.json", None),
    ],
)
def test_a_file_belongs_to_whom_its_path_says(path: str, owner: Owner | None) -> None:
    """What editors and Kubernetes leave behind is nobody's."""
    assert owner_of(path) == owner


def test_files_of_one_owner_count_in_order() -> None:
    """The file before the folder, then by name."""
    layout = arrange(
        ["bots/a/2.yaml", "bots/a/1.yaml", "bots/a.yaml", "droas.d/x.yaml", "droas.yaml", "bots/A B.yaml"]
    )
    assert layout.bots == {"a": ["bots/a.yaml", "bots/a/1.yaml", "bots/a/2.yaml"]}
    assert layout.mother == ["droas.yaml", "droas.d/x.yaml"]
    assert layout.misnamed == ["bots/A B.yaml"]


@given(
    st.dictionaries(st.text(max_size=8), st.binary(max_size=8), max_size=4),
    st.text(max_size=8),
    st.binary(max_size=8),
)
def test_a_digest_names_content_and_nothing_else(files: dict[str, bytes], path: str, raw: bytes) -> None:
    """It depends on paths and bytes, not on the folder or the order, and any change changes it."""
    one = Tree(root="a", files=files)
    assert one.digest == Tree(root="b", files=dict(reversed(files.items()))).digest
    changed = {**files, path: raw}
    assert (Tree(root="a", files=changed).digest == one.digest) == (changed == files)


_DATA = st.recursive(
    st.integers() | st.text(max_size=4) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=12,
)
_MAPPING = st.dictionaries(st.sampled_from("abcd"), _DATA, max_size=3)


def document(data: dict[str, Any], file: str) -> Document:
    """Give a document in which everything stands in one file."""
    entries: dict[Place, Entry] = {(): Entry(Span(file), Span(file))}

    def visit(value: Any, place: Place) -> None:
        entries[place] = Entry(Span(file), Span(file))
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, one in items:
            visit(one, (*place, key))

    visit(data, ())
    return Document(data=data, entries=entries)


def laid_over(below: Any, above: Any) -> Any:
    """Join mappings, replace anything else: the rule in three lines."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: laid_over(below.get(key), one) for key, one in above.items()}}
    return above


@given(_MAPPING, _MAPPING)
def test_documents_are_laid_over_one_another(first: dict[str, Any], second: dict[str, Any]) -> None:
    """The later counts, and every value still knows in which file it stands."""
    one = merged([document(first, "1"), document(second, "2")], Span("?"))
    assert one.data == laid_over(first, second)
    for place, value in leaves(one.data):
        if place:
            file = one.span(place).file
            assert file in "12"
            assert _at({"1": first, "2": second}[file], place) == value
    assert set(one.entries) >= {place for place, _ in leaves(one.data)}


def _at(data: Any, place: Place) -> Any:
    for part in place:
        data = data[part]
    return data


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ("  discord_token: hunter2", 1),
        ("a: {api_key: hunter2, b: 1}", 1),
        ("  \"password\": 'hunter2'", 1),
        ("secret: |\n  hunter2\n", 2),
        ("secret: |\n\n  # no comment\n  hunter2\n", 4),
        ("tokens:\n  - hunter2\n", 2),
        ("tokens:\n- hunter2\n", 2),
        ("API_KEY=hunter2", 1),
        ("discord_tokn: hunter2", 1),
        ("{discord_oken: hunter2}", 1),
        ("discord_token hunter2", 1),
        ("#discord_token: hunter2", 1),
        ("  - url: hunter2", 1),
        ("x: MTAwMDAwMDAwMDAwMDAwMDAx.GaBcDe.hunter2hunter2hunter2hunter2hunter2", 1),
        ("x: ${Y:-MTAwMDAwMDAwMDAwMDAwMDAx.GaBcDe.hunter2hunter2hunter2hunter2hunter2}", 1),
        ("url: http://user:hunter2@127.0.0.1/", 1),
        ("x: the learned-secret-hunter2 of somebody", 1),
    ],
)
def test_a_secret_is_never_shown_with_its_line(lines: str, number: int) -> None:
    """Whether its key tells, its shape, the line above, or that somebody has said so."""
    sources = Sources(lambda: (frozenset({"discord_token", "url"}), frozenset()))
    sources.learn(["learned-secret-hunter2"])
    sources.add("f", lines)
    assert "hunter2" not in sources.line(Span("f", number))


def test_an_ordinary_line_is_shown_as_it_is() -> None:
    """Also a placeholder of a secret, whose name helps, and what only sounds like one."""
    sources = Sources(lambda: (frozenset(), frozenset({"max_tokens"})))
    sources.add("f", 'colour: red\ndiscord_token: "${HELPER_TOKEN}"\nmax_tokens: many\n')
    assert sources.line(Span("f", 1)) == "colour: red"
    assert sources.line(Span("f", 2)) == 'discord_token: "${HELPER_TOKEN}"'
    assert sources.line(Span("f", 3)) == "max_tokens: many"
    assert sources.line(Span("f", 4)) == ""


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=x", "x"),
        ("export A=x", "x"),
        ("A=", ""),
        ("A=x y # comment", "x y"),
        ("A=x#y", "x#y"),
        ("A='x # ${B} \\n'", "x # ${B} \\n"),
        ('A="x \\"y\\" \\\\ \\n z"', 'x "y" \\ \n z'),
        ("  A = x", None),
        ("A", None),
        ("1A=x", None),
    ],
)
def test_variables_are_read_as_a_shell_would(line: str, value: str | None) -> None:
    """And a line that is none is told with its number."""
    document_, faults = read_lines("f.env", f"# comment\n\n{line}\n")
    assert dict(values_in(document_)) == ({} if value is None else {"A": value})
    assert [fault.span.line for fault in faults] == ([3] if value is None else [])


@given(st.text(alphabet=st.characters(exclude_characters="'\n\r", exclude_categories=["Cs"]), max_size=30))
def test_a_quoted_value_is_what_stands_within(text: str) -> None:
    """Single quotes keep everything."""
    assert unquoted(f"'{text}'") == text
