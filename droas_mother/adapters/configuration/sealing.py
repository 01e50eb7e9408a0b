"""Texts encrypted and decrypted as sops does, with every other character left as it was."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from droas_mother.adapters.configuration.sops import Cipher, Opened, opened
from droas_mother.adapters.configuration.yaml_documents import read_yaml
from droas_mother.adapters.configuration.yaml_extents import (
    Extents,
    NotEditableError,
    comments_of,
    extents_of,
)
from droas_mother.core.configuration.documents import METADATA, Document, Place
from droas_mother.core.configuration.sops_metadata import as_json, as_variables, as_yaml
from droas_mother.core.configuration.sops_values import (
    Mac,
    Rule,
    SopsError,
    bound_to,
    sealed,
    spelled,
)
from droas_mother.core.configuration.splices import Splice, line_end, replacing, scalar_text, spliced
from droas_mother.core.configuration.variables import read_lines

_LARGEST = 2**53
"""Up to here all whole numbers are floats, which numbers of JSON are to sops."""

Kept = Mapping[tuple[int, Place], tuple[Any, str]]
"""Values that were encrypted before, by document and place, with their ciphertext: the same value keeps it."""


class Seal(NamedTuple):
    """With what a text is encrypted.

    Args:
        key: the data key.
        rule: which values are encrypted.
        kept: ciphertexts to keep.
        only_encrypted: whether values in clear are left out of the MAC.
    """

    key: bytes
    rule: Rule
    kept: Kept = {}  # noqa: RUF012 - it is never changed
    only_encrypted: bool = False


class Sealed(NamedTuple):
    """A text whose values are encrypted, still without metadata.

    Args:
        text: it.
        mac: what vouches for it, in clear.
    """

    text: str
    mac: str


def is_variables(file: str) -> bool:
    """Say whether a file is one of variables."""
    return file.endswith(".env")


def documents_of(file: str, text: str) -> list[Document]:
    """Read a file; raises SopsError for the first fault."""
    if is_variables(file):
        document, faults = read_lines(file, text)
        if faults:
            raise SopsError(f"{faults[0].span}: {faults[0].words}")
        return [document]
    documents, findings = read_yaml(file, text)
    if findings:
        raise SopsError(f"{findings[0].span}: {findings[0].words}")
    return documents


def seal(file: str, text: str, how: Seal) -> Sealed:
    """Encrypt the values of a text; raises SopsError when that cannot be done."""
    documents = documents_of(file, text)
    if any(METADATA in document.data for document in documents):
        raise SopsError("this file is encrypted already")
    mac = Mac(only_encrypted=how.only_encrypted)
    cipher = Cipher(how.key)
    if is_variables(file):
        return Sealed(_sealed_lines(text, documents[0], how, cipher, mac), mac.text())
    extents = _extents(file, text)
    as_is = _Sealer(file, how, cipher, mac)
    splices: list[Splice] = []
    for number, (document, found) in enumerate(zip(documents, extents, strict=True)):
        splices += as_is.values(text, number, document, found)
    if not file.endswith(".json"):
        splices += as_is.comments(text, extents)
    return Sealed(spliced(text, splices), mac.text())


def _extents(file: str, text: str) -> list[Extents]:
    try:
        found = extents_of(text)
    except NotEditableError as error:
        raise SopsError(str(error)) from None
    for one in found:
        root = one.values.get(())
        if root is not None and (root.style == "{") is not file.endswith(".json"):
            raise SopsError("write the top of this file as `key: value` lines first")
    return found


class _Sealer:
    def __init__(self, file: str, how: Seal, cipher: Cipher, mac: Mac) -> None:
        self._json = file.endswith(".json")
        self._how = how
        self._cipher = cipher
        self._mac = mac

    def values(self, text: str, number: int, document: Document, found: Extents) -> list[Splice]:
        splices = []
        for place in found.order:
            value = _at(document.data, place)
            if self._json and isinstance(value, int) and abs(value) > _LARGEST:
                name = ".".join(map(str, place))
                raise SopsError(f"{name}: sops would round this number in JSON; write it as a text", place)
            encrypted = value not in (None, "") and self._how.rule.selects(place)
            self._mac.add(value, encrypted=encrypted)
            if encrypted:
                written = self._one(number, place, value)
                quoted = f'"{written}"' if self._json or found.in_flow(place) else written
                splices.append(replacing(text, found.values[place], quoted))
        return splices

    def _one(self, number: int, place: Place, value: Any) -> str:
        before = self._how.kept.get((number, place))
        if before is not None and before[0] == value and (self._json or type(before[0]) is type(value)):
            return before[1]
        kind, raw = spelled(value)
        kind = "float" if self._json and kind == "int" else kind  # to sops all numbers of JSON are
        return str(self._cipher.seal(raw, kind, bound_to(place)))

    def comments(self, text: str, extents: list[Extents]) -> list[Splice]:
        splices = []
        for extent, _, container in comments_of(text, extents):
            if self._how.rule.selects(container):
                raw = text[extent.start + 1 : extent.end].encode()
                written = self._cipher.seal(raw, "comment", bound_to(container)) if raw.strip() else ""
                splices.append(Splice(extent.start, extent.end, f"#{written}"))
        return splices


def _sealed_lines(text: str, document: Document, how: Seal, cipher: Cipher, mac: Mac) -> str:
    lines = text.splitlines()
    for place, entry in document.entries.items():
        if not place:
            continue
        value = document.data[str(place[0])].replace("\\n", "\n")
        encrypted = value != "" and how.rule.selects(place)
        mac.add(value, encrypted=encrypted)
        if encrypted:
            before = how.kept.get((0, place))
            same = before is not None and before[0] == value
            written = (
                before[1]
                if before is not None and same
                else str(cipher.seal(value.encode(), "str", bound_to(place)))
            )
            at = entry.value.line - 1
            lines[at] = f"{place[0]}={written}"
    for at, line in enumerate(lines):
        if line.startswith("#") and line[1:].strip() and how.rule.selects(()):
            lines[at] = f"#{cipher.seal(line[1:].encode(), 'comment', bound_to(()))}"
    return "".join(f"{line}\n" for line in lines)


def with_metadata(file: str, text: str, metadata: Mapping[str, Any]) -> str:
    """Put metadata at the end of a file, in YAML of each of its documents."""
    if is_variables(file):
        return (text if text.endswith("\n") or not text else f"{text}\n") + as_variables(metadata)
    extents = extents_of(text)
    if file.endswith(".json"):
        root = extents[0].values[()]
        last = text[: root.end - 1].rstrip()
        return f"{last}{'' if last.endswith('{') else ','}\n{as_json(metadata)}\n}}{text[root.end :]}"
    splices = []
    for one in extents:
        at = line_end(text, one.end_of(())) if () in one.values else len(text)
        lead = "" if not at or text[at - 1] == "\n" else "\n"
        splices.append(Splice(at, at, lead + as_yaml(metadata)))
    return spliced(text, splices)


def unseal(file: str, text: str, environment: Mapping[str, str]) -> tuple[str, Opened]:
    """Decrypt a text; gives it without metadata, and what it was encrypted with. Raises SopsError."""
    documents = documents_of(file, text)
    if not any(METADATA in document.data for document in documents):
        raise SopsError("this file is not encrypted")
    plain = opened(documents, environment)
    cipher = Cipher(plain.key)
    if is_variables(file):
        return _plain_lines(text, plain, cipher), plain
    extents = extents_of(text)
    splices: list[Splice] = []
    containers = {(): None} | {place[:-1]: None for one in extents for place in one.order}
    for document, found in zip(plain.documents, extents, strict=True):
        if (METADATA,) in found.keys:
            splices.append(_without_metadata(file, text, found))
        for place in found.order:
            if place[:1] != (METADATA,) and sealed(_at_text(text, found, place)) is not None:
                value = _at(document.data, place)
                written = _json(value) if file.endswith(".json") else scalar_text(value)
                splices.append(replacing(text, found.values[place], written))
    for extent, _, _ in comments_of(text, extents):
        words = _opened_comment(text[extent.start + 1 : extent.end], cipher, list(containers))
        if words is not None:
            splices.append(Splice(extent.start, extent.end, f"#{words}"))
    return spliced(text, splices), plain


def kept_of(file: str, text: str, plain: Opened) -> Kept:
    """Give the ciphertexts of a file, so that an edit changes nothing else."""
    kept = {}
    for number, (before, after) in enumerate(zip(documents_of(file, text), plain.documents, strict=True)):
        for place in after.entries:
            written = _at(before.data, place)
            if sealed(written) is not None:
                kept[number, place] = (_at(after.data, place), str(written))
    return kept


def _plain_lines(text: str, plain: Opened, cipher: Cipher) -> str:
    lines = []
    for line in text.splitlines():
        name, _, written = line.partition("=")
        if name.startswith(f"{METADATA}_"):
            continue
        if line.startswith("#"):
            words = _opened_comment(line[1:], cipher, [()])
            lines.append(line if words is None else f"#{words}")
        elif sealed(written) is not None:
            value = str(plain.documents[0].data[name.strip()]).replace("\n", "\\n")
            lines.append(f"{name}={value}")
        else:
            lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def _opened_comment(text: str, cipher: Cipher, containers: list[Place]) -> str | None:
    secret = sealed(text.strip())
    if secret is None:
        return None
    for container in containers:
        try:
            return cipher.open(secret, bound_to(container)).decode()
        except ValueError:
            continue
    return None


def _without_metadata(file: str, text: str, found: Extents) -> Splice:
    key = found.keys[METADATA,]
    end = max(extent.end for place, extent in found.values.items() if place[:1] == (METADATA,))
    if file.endswith(".json"):
        start = len(text[: key.start].rstrip().removesuffix(",").rstrip())
        return Splice(start, end, "")
    return Splice(key.start, line_end(text, end), "")


def _json(value: Any) -> str:
    """Give a value as JSON writes it; a whole number that sops keeps as a float is one again."""
    return spelled(value)[1].decode() if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _at_text(text: str, found: Extents, place: Place) -> str:
    extent = found.values[place]
    return text[extent.start : extent.end].strip().strip("\"'")


def _at(data: Any, place: Place) -> Any:
    for part in place:
        data = data[part]
    return data
