"""Encrypted files made, edited and given new keys."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from droas_mother.adapters.configuration import age_keys, sealing
from droas_mother.adapters.configuration.sealing import Seal
from droas_mother.adapters.configuration.sops import Cipher, new_key
from droas_mother.core.configuration.literals import literals_in
from droas_mother.core.configuration.sops_metadata import FORMAT_VERSION
from droas_mother.core.configuration.sops_values import DEFAULT_SUFFIX, Rule, SopsError

SECRET_NAMES = "(?i)(token|secret|password|api_?key|dsn)$|^url$"  # noqa: S105 - a pattern of names
"""What is encrypted in a file of settings when nothing else is said: names that end so."""

_OTHER_KEYS = ("pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "key_groups", "shamir_threshold")


def encrypted(file: str, text: str, recipients: Sequence[str], rule: Rule) -> str:
    """Encrypt a file in clear.

    Args:
        file: its name, which says its format.
        text: its content.
        recipients: who can open it.
        rule: which values are encrypted.

    Raises:
        SopsError: it cannot be done.
    """
    key = new_key()
    wrapped = _wrapped(key, recipients)
    made = _sealed(file, text, Seal(key, rule), {"age": wrapped, rule.name: rule.pattern})
    left = literals_in(file, made)
    if left:
        raise SopsError(f"{left[0].span}: {left[0].kind} would stay in clear; let --regex take in its key")
    return made


def edited(file: str, text: str, environment: Mapping[str, str], change: Callable[[str], str]) -> str:
    """Let somebody change a file's content in clear; gives it encrypted, with the same keys.

    Args:
        file: its name, which says its format.
        text: its content.
        environment: says where identities are.
        change: gets the content in clear and gives it changed.

    Raises:
        SopsError: it cannot be opened, or not be encrypted again.
    """
    plain, opened = sealing.unseal(file, text, environment)
    changed = change(plain)
    if changed == plain:
        return text
    only_encrypted = opened.metadata.get("mac_only_encrypted") in (True, "true")
    how = Seal(opened.key, opened.rule, sealing.kept_of(file, text, opened), only_encrypted)
    return _sealed(file, changed, how, opened.metadata)


def rotated(file: str, text: str, environment: Mapping[str, str], recipients: Sequence[str]) -> str:
    """Encrypt a file anew with a fresh data key.

    Args:
        file: its name, which says its format.
        text: its content.
        environment: says where identities are.
        recipients: who can open it from now on; those of before when there are none.

    Raises:
        SopsError: it cannot be opened, or others than age's recipients hold its key.
    """
    plain, opened = sealing.unseal(file, text, environment)
    others = [name for name in _OTHER_KEYS if opened.metadata.get(name)]
    if others:
        raise SopsError(f"{others[0]} holds a key of this file as well; use `sops rotate`")
    before = [str(one["recipient"]) for one in opened.metadata["age"]]
    key = new_key()
    metadata = {**opened.metadata, "age": _wrapped(key, recipients or before)}
    only_encrypted = opened.metadata.get("mac_only_encrypted") in (True, "true")
    return _sealed(file, plain, Seal(key, opened.rule, only_encrypted=only_encrypted), metadata)


def _wrapped(key: bytes, recipients: Sequence[str]) -> list[dict[str, str]]:
    if not recipients:
        raise SopsError(f"for whom? name a recipient with --age, or have an age identity: {age_keys.WHERE}")
    unique = list(dict.fromkeys(recipients))
    return [{"recipient": recipient, "enc": enc} for recipient, enc in age_keys.wrap(key, unique)]


def _sealed(file: str, text: str, how: Seal, metadata: Mapping[str, Any]) -> str:
    if how.rule.by_comments:
        raise SopsError(f"sops.{how.rule.name}: rules by comments are read, but not written; use `sops`")
    body, mac = sealing.seal(file, text, how)
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sealed_mac = str(Cipher(how.key).seal(mac.encode(), "str", now.encode()))
    told = {**metadata, "lastmodified": now, "mac": sealed_mac, "version": FORMAT_VERSION}
    return sealing.with_metadata(file, body, told)


def rule_for(file: str, pattern: str | None) -> Rule:
    """Give the rule for a new file: of variables everything, of settings what is named like a secret."""
    if pattern is not None:
        return Rule("encrypted_regex", pattern)
    if sealing.is_variables(file):
        return Rule("unencrypted_suffix", DEFAULT_SUFFIX)
    return Rule("encrypted_regex", SECRET_NAMES)
