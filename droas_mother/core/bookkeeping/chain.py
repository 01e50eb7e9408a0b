"""A hash chain over rows: whoever changes, removes or reorders one breaks every link after it.

Two hashes. The content's, salted, stands for the row itself; the chain's joins the rows of one commit to all rows
before, and stands at the last of them, which closes the link. When a person is forgotten, content and salt go and the
hashes stay, so that the rest can still be verified, and nothing of the person can be guessed from what is left.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from droas_common.wire.frames import encode

GENESIS = "0" * 64
"""What the first link is joined to."""

SALT_BYTES = 8


class Link(NamedTuple):
    """What is stored of a row beside its content; hashes and salt are hexadecimal.

    Args:
        salt: hides the content behind its hash; None once the content was erased.
        content_hash: of salt and content.
        chain_hash: of the link before and the hashes of all contents since; None but for the row that closes a link.
    """

    salt: str | None
    content_hash: str
    chain_hash: str | None


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row at which a chain does not hold."""

    seq: int
    why: str


def hash_of(content: Sequence[object], salt: str) -> str:
    """Give the hash that stands for a row's content.

    Args:
        content: the row's values, in a fixed order.
        salt: fresh random text.
    """
    return hashlib.blake2b(encode(content), digest_size=32, key=salt.encode()).hexdigest()


def joined(head: str, content_hashes: Iterable[str]) -> str:
    """Give the chain's hash after the rows with these contents."""
    return hashlib.blake2b((head + "".join(content_hashes)).encode(), digest_size=32).hexdigest()


def verify(rows: Iterable[tuple[int, Sequence[object], Link]], head: str) -> Broken | str:
    """Check rows in their order.

    Args:
        rows: number, content and link of each.
        head: the chain's hash before the first of them.

    Returns:
        The chain's hash after the last row, or the first row at which it does not hold.
    """
    loose: list[str] = []
    last = 0
    for seq, content, stored in rows:
        if stored.salt is not None and hash_of(content, stored.salt) != stored.content_hash:
            return Broken(seq, "its content was changed")
        loose.append(stored.content_hash)
        last = seq
        if stored.chain_hash is None:
            continue
        head = joined(head, loose)
        if head != stored.chain_hash:
            return Broken(seq, _misfit(len(loose)))
        loose.clear()
    return Broken(last, "the row that was written behind it is missing") if loose else head


def _misfit(rows: int) -> str:
    if rows == 1:
        return "it does not follow from the row before"
    return f"of the {rows} rows that end with it, one was removed, added, or put in another place"
