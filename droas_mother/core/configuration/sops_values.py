"""The format of SOPS: how one value is written, what binds it to its place, and what the MAC is over.

Source: the files that sops 3 writes, and its documentation; every value is AES-256-GCM with a nonce of 32 bytes.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import re2

from droas_common.errors import RequestError
from droas_mother.core.configuration.documents import METADATA, Place, Timestamp

NONCE_BYTES = 32
TAG_BYTES = 16
KEY_BYTES = 32
DEFAULT_SUFFIX = "_unencrypted"
CIPHERTEXT = "ENC[AES256_GCM,"
"""What every encrypted value begins with."""

_VALUE = re.compile(
    rf"^{re.escape(CIPHERTEXT)}data:([A-Za-z0-9+/=]*),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]$"
)
_RULES = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)


class SopsError(RequestError):
    """A file cannot be decrypted or encrypted; the text says why and what helps, without any value.

    Args:
        words: why.
        place: of the value that it is about; of the metadata when none.
    """

    def __init__(self, words: str, place: Place = (METADATA,)) -> None:
        super().__init__(words)
        self.words = words
        self.place = place


class Sealed(NamedTuple):
    """One encrypted value.

    Args:
        data: the ciphertext.
        nonce: of 32 bytes.
        tag: of 16 bytes.
        kind: str, int, float, bool, bytes, time or comment.
    """

    data: bytes
    nonce: bytes
    tag: bytes
    kind: str

    def __str__(self) -> str:
        data, nonce, tag = (base64.b64encode(one).decode() for one in self[:3])
        return f"{CIPHERTEXT}data:{data},iv:{nonce},tag:{tag},type:{self.kind}]"


def sealed(text: Any) -> Sealed | None:
    """Read an encrypted value; None when this is none."""
    match = _VALUE.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    try:
        data, nonce, tag = (base64.b64decode(one, validate=True) for one in match.groups()[:3])
    except binascii.Error:
        return None
    return Sealed(data, nonce, tag, match[4])


def bound_to(place: Place) -> bytes:
    """Give what binds a value to its place: the keys that lead to it, without indices of lists."""
    return "".join(f"{part}:" for part in place if isinstance(part, str)).encode() or b":"


class Rule(NamedTuple):
    """Which values of a file are encrypted.

    Args:
        name: one of sops's rules.
        pattern: a suffix of keys or a regular expression.
    """

    name: str
    pattern: str

    @property
    def by_comments(self) -> bool:
        """Whether comments decide, so that only a look at each value tells."""
        return "comment" in self.name

    def selects(self, place: Place) -> bool:
        """Say whether the value at a place is encrypted: every key that leads to it is asked."""
        keys = [part for part in place if isinstance(part, str)]
        if self.name.endswith("_suffix"):
            hit = any(key.endswith(self.pattern) for key in keys) if self.pattern else False
        else:
            hit = any(re2.search(self.pattern, key) for key in keys)
        return hit if self.name.startswith("encrypted") else not hit


def rule_of(metadata: Mapping[str, Any]) -> Rule:
    """Give the rule of a file; raises SopsError for one that cannot be read."""
    said = [Rule(name, str(metadata[name])) for name in _RULES if metadata.get(name)]
    if len(said) > 1:
        raise SopsError(f"sops.{said[1].name}: this file has two rules of what is encrypted")
    rule = said[0] if said else Rule("unencrypted_suffix", DEFAULT_SUFFIX)
    try:
        re2.compile(rule.pattern if "regex" in rule.name else "")
    except re2.error:
        raise SopsError(f"sops.{rule.name}: this is no regular expression") from None
    return rule


def spelled(value: Any) -> tuple[str, bytes]:
    """Give a value's kind and bytes, as sops encrypts and hashes them."""
    if isinstance(value, bool):
        return "bool", b"True" if value else b"False"
    if isinstance(value, int):
        return "int", str(value).encode()
    if isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
        return "float", (text.rstrip("0").rstrip(".") if "." in text else text).encode()
    if isinstance(value, Timestamp):
        return "time", _moment(str(value)).encode()
    return "str", str(value).encode()


def _moment(text: str) -> str:
    """Give a moment as Go writes it (RFC 3339): in UTC when no zone is named."""
    try:
        moment = datetime.fromisoformat(re.sub(r"\s+([+-])", r"\1", text.replace("t", "T").replace("z", "Z")))
    except ValueError:
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole, fraction = f"{moment:%Y-%m-%dT%H:%M:%S}", f"{moment:%f}".rstrip("0")
    zone = "Z" if not moment.utcoffset() else f"{moment:%:z}"
    return f"{whole}{'.' if fraction else ''}{fraction}{zone}"


def understood(kind: str, raw: bytes) -> Any:
    """Give the value that some bytes mean; raises ValueError when they mean none."""
    text = raw.decode()
    match kind:
        case "str" | "bytes" | "comment":
            return text
        case "int":
            return int(text)
        case "float":
            return float(text)
        case "bool":
            return {"True": True, "False": False, "true": True, "false": False}[text]
        case "time":
            return Timestamp(text)
        case _:
            raise ValueError(kind)


class Mac:
    """What vouches for all values of a file.

    Args:
        only_encrypted: whether values in clear are left out.
    """

    def __init__(self, *, only_encrypted: bool = False) -> None:
        self._only_encrypted = only_encrypted
        self._hash = hashlib.sha512()
        if only_encrypted:
            self._hash.update(hashlib.sha256(b"sops").digest())

    def add(self, value: Any, *, encrypted: bool) -> None:
        """Take in the next value, in the order of the document."""
        if value is not None and (encrypted or not self._only_encrypted):
            self._hash.update(spelled(value)[1])

    def text(self) -> str:
        """Give it as it is written, before it is encrypted."""
        return self._hash.hexdigest().upper()


def values_of(data: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Give every value of a document but the metadata, in order."""
    if isinstance(data, dict):
        for key, value in data.items():
            if place or key != METADATA:
                yield from values_of(value, (*place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from values_of(value, (*place, index))
    else:
        yield place, data


def replaced(data: Any, values: Mapping[Place, Any], place: Place = ()) -> Any:
    """Give a document without its metadata and with other values."""
    if isinstance(data, dict):
        return {
            key: replaced(value, values, (*place, key))
            for key, value in data.items()
            if place or key != METADATA
        }
    if isinstance(data, list):
        return [replaced(value, values, (*place, index)) for index, value in enumerate(data)]
    return values.get(place, data)
