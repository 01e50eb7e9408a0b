"""SOPS files: opened in memory, and vouched for as a whole or refused. The only door to cryptography."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from droas_mother.adapters.configuration import age_keys
from droas_mother.core.configuration.documents import METADATA, Document, Place
from droas_mother.core.configuration.sops_values import (
    KEY_BYTES,
    NONCE_BYTES,
    TAG_BYTES,
    Mac,
    Rule,
    Sealed,
    SopsError,
    bound_to,
    replaced,
    rule_of,
    sealed,
    understood,
    values_of,
)

_OTHER_KEYS = {
    "pgp": "PGP",
    "kms": "AWS KMS",
    "gcp_kms": "GCP KMS",
    "azure_kv": "Azure Key Vault",
    "hc_vault": "Vault",
}


class Opened(NamedTuple):
    """A file that was opened.

    Args:
        documents: decrypted, without metadata.
        key: its data key.
        rule: which values are encrypted.
        metadata: as they stood there.
    """

    documents: list[Document]
    key: bytes
    rule: Rule
    metadata: Mapping[str, Any]


class Cipher:
    """Seals and opens single values.

    Args:
        key: the data key.
    """

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415 - only where something is encrypted

        self._algorithm = AES(key)

    def seal(self, raw: bytes, kind: str, bound: bytes) -> Sealed:
        """Encrypt a value for its place."""
        from cryptography.hazmat.primitives.ciphers import Cipher as Machine  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.ciphers.modes import GCM  # noqa: PLC0415 - as above

        nonce = os.urandom(NONCE_BYTES)
        machine = Machine(self._algorithm, GCM(nonce)).encryptor()
        machine.authenticate_additional_data(bound)
        data = machine.update(raw) + machine.finalize()
        return Sealed(data, nonce, machine.tag, kind)

    def open(self, value: Sealed, bound: bytes) -> bytes:
        """Decrypt a value; raises ValueError when it is not what was sealed for this place."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.ciphers import Cipher as Machine  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.ciphers.modes import GCM  # noqa: PLC0415 - as above

        if len(value.tag) != TAG_BYTES:
            raise ValueError("tag")
        machine = Machine(self._algorithm, GCM(value.nonce, value.tag)).decryptor()
        machine.authenticate_additional_data(bound)
        try:
            return machine.update(value.data) + machine.finalize()
        except InvalidTag:
            raise ValueError("tag") from None


def opened(documents: Sequence[Document], environment: Mapping[str, str]) -> Opened:
    """Decrypt the documents of one file.

    Args:
        documents: as they were read.
        environment: says where identities are.

    Raises:
        SopsError: no identity opens it, or somebody has changed it.
    """
    metadata = next(one.data[METADATA] for one in documents if isinstance(one.data.get(METADATA), dict))
    rule = rule_of(metadata)
    key = age_keys.unwrap(wrapped_keys(metadata), environment)
    cipher = Cipher(key)
    mac = Mac(only_encrypted=metadata.get("mac_only_encrypted") in (True, "true"))
    plain = [_decrypted(document, cipher, rule, mac) for document in documents]
    _verify(metadata, cipher, mac)
    return Opened(plain, key, rule, metadata)


def wrapped_keys(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the recipients of a file with the data key encrypted for each; raises SopsError when there are none."""
    groups = metadata.get("key_groups") or []
    if len(groups) > 1:
        raise SopsError(
            "the key of this file is shared among several groups, which is not supported; use one group"
        )
    entries = metadata.get("age") or (groups[0].get("age") if groups and isinstance(groups[0], dict) else [])
    found = [
        (str(one["recipient"]), str(one["enc"]))
        for one in entries or []
        if isinstance(one, dict) and {"recipient", "enc"} <= set(one)
    ]
    if not found:
        others = [words for name, words in _OTHER_KEYS.items() if metadata.get(name)]
        by = f"for {' and '.join(others)} only" if others else "for nobody"
        raise SopsError(
            f"this file is encrypted {by}; add an age recipient: sops rotate -i --add-age age1… FILE"
        )
    return found


def _decrypted(document: Document, cipher: Cipher, rule: Rule, mac: Mac) -> Document:
    values: dict[Place, Any] = {}
    for place, value in values_of(document.data):
        secret = sealed(value)
        encrypted = (
            secret is not None if rule.by_comments else rule.selects(place) and value not in (None, "")
        )
        if encrypted and secret is None:
            name = ".".join(map(str, place))
            raise SopsError(
                f"{name}: this value stands in clear, but sops.{rule.name} says that it is encrypted", place
            )
        if encrypted and secret is not None:
            try:
                values[place] = understood(secret.kind, cipher.open(secret, bound_to(place)))
            except (ValueError, KeyError):
                name = ".".join(map(str, place))
                raise SopsError(
                    f"{name}: this value was changed, or moved here, after it was encrypted", place
                ) from None
        mac.add(values.get(place, value), encrypted=encrypted)
    entries = {place: entry for place, entry in document.entries.items() if place[:1] != (METADATA,)}
    return Document(data=replaced(document.data, values), entries=entries)


def _verify(metadata: Mapping[str, Any], cipher: Cipher, mac: Mac) -> None:
    secret = sealed(metadata.get("mac"))
    if secret is None:
        raise SopsError("sops.mac: is missing, so nobody vouches for this file", (METADATA, "mac"))
    try:
        told = cipher.open(secret, str(metadata.get("lastmodified", "")).encode()).decode()
    except ValueError:
        raise SopsError("sops.mac: this file was changed after it was encrypted", (METADATA, "mac")) from None
    if told != mac.text():
        words = "sops.mac: a value of this file was changed, added or removed after it was encrypted; edit it with `droasctl secrets edit`"
        raise SopsError(words, (METADATA, "mac"))


def new_key() -> bytes:
    """Make a data key."""
    return os.urandom(KEY_BYTES)
