"""A hash chain whose links are commits: it holds as it was written, and no other way."""

from hypothesis import assume, given
from hypothesis import strategies as st

from droas_mother.core.bookkeeping.chain import GENESIS, Broken, Link, hash_of, joined, verify

SALT = "a1b2c3d4e5f60718"

Row = tuple[int, tuple[str, ...], Link]


def written(commits: list[list[str]]) -> list[Row]:
    """Write commits of some rows each, as the store does."""
    rows: list[Row] = []
    head = GENESIS
    for texts in commits:
        hashes = [hash_of((text,), SALT) for text in texts]
        head = joined(head, hashes)
        for place, (text, content_hash) in enumerate(zip(texts, hashes, strict=True), 1):
            closing = head if place == len(texts) else None
            rows.append((len(rows) + 1, (text,), Link(SALT, content_hash, closing)))
    return rows


commits = st.lists(st.lists(st.text(max_size=3), min_size=1, max_size=4), min_size=1, max_size=5)


@given(commits)
def test_what_was_written_holds(given_commits: list[list[str]]) -> None:
    """Whatever the commits were, the chain ends with its newest hash; also from any link on, and with rows erased."""
    rows = written(given_commits)
    assert verify(rows, GENESIS) == rows[-1][2].chain_hash
    erased = [(seq, (), link._replace(salt=None)) for seq, _, link in rows]
    assert verify(erased, GENESIS) == rows[-1][2].chain_hash
    for place, (_, _, link) in enumerate(rows[:-1], 1):
        if link.chain_hash is not None:
            assert verify(rows[place:], link.chain_hash) == rows[-1][2].chain_hash


@given(commits, st.data())
def test_what_was_changed_does_not_hold(given_commits: list[list[str]], data: st.DataObject) -> None:
    """A row that is changed, hashed anew, removed, repeated or put elsewhere is found out."""
    rows = written(given_commits)
    place = data.draw(st.integers(0, len(rows) - 1), "place")
    seq, content, link = rows[place]
    changed = (*content, "more")
    match data.draw(st.sampled_from(["change", "hash", "remove", "repeat", "swap", "open"]), "crime"):
        case "change":
            rows[place] = (seq, changed, link)
        case "hash":
            rows[place] = (seq, changed, link._replace(content_hash=hash_of(changed, SALT)))
        case "remove":
            assume(place < len(rows) - 1 or (place > 0 and rows[place - 1][2].chain_hash is None))
            del rows[place]
        case "repeat":
            rows.insert(place, rows[place])
        case "open":
            assume(link.chain_hash is not None)
            rows[place] = (seq, content, link._replace(chain_hash=None))
        case "swap":
            other = data.draw(st.integers(0, len(rows) - 1), "other")
            assume(rows[other][1] != content)
            rows[place], rows[other] = rows[other], rows[place]
    assert isinstance(verify(rows, GENESIS), Broken)


def test_the_fault_says_which_rows() -> None:
    """A link of one row is named as before; of several, how many they are."""
    rows = written([["a"], ["b", "c", "d"], ["e"]])
    assert verify(rows[:2] + rows[3:], GENESIS) == Broken(
        4, "of the 2 rows that end with it, one was removed, added, or put in another place"
    )
    assert verify(rows[:1] + rows[4:], GENESIS) == Broken(5, "it does not follow from the row before")
    assert verify(rows[:3], GENESIS) == Broken(3, "the row that was written behind it is missing")
