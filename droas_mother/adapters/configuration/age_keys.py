"""age: whose identities there are, and data keys wrapped for recipients. The only door to pyrage."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from droas_mother.core.configuration.sops_values import KEY_BYTES, SopsError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

_MOST_BYTES = 64 * 1024
_MOST_FILES = 100
_IDENTITY = re.compile(r"(?im)^\s*(AGE-SECRET-KEY-[A-Z0-9-]+)\s*$")
_POST_QUANTUM = "AGE-SECRET-KEY-PQ-1"
WHERE = (
    "put it into SOPS_AGE_KEY, name its file in SOPS_AGE_KEY_FILE, write it into ~/.config/sops/age/keys.txt, "
    "or load it as a systemd credential"
)


class Found(NamedTuple):
    """The identities that were found.

    Args:
        identities: those that can be used.
        troubles: why others cannot, in words.
    """

    identities: list["Identity"]
    troubles: list[str]


def find_identities(environment: Mapping[str, str]) -> Found:
    """Look for identities where sops does, and among systemd's credentials."""
    from pyrage import IdentityError  # noqa: PLC0415 - only where something is encrypted
    from pyrage.x25519 import Identity  # noqa: PLC0415 - as above

    found: list[Identity] = []
    troubles: list[str] = []
    for where, text in _texts(environment, troubles):
        for line in _IDENTITY.findall(text):
            if line.upper().startswith(_POST_QUANTUM):
                troubles.append(
                    f"{where} has a post-quantum identity, which cannot be used yet; use an X25519 one"
                )
                continue
            try:
                found.append(Identity.from_str(line.upper()))
            except IdentityError:
                troubles.append(f"{where} has an identity that is damaged")
    return Found(found, troubles)


def _texts(environment: Mapping[str, str], troubles: list[str]) -> Iterator[tuple[str, str]]:
    if environment.get("SOPS_AGE_KEY"):
        yield "SOPS_AGE_KEY", environment["SOPS_AGE_KEY"]
    named = environment.get("SOPS_AGE_KEY_FILE")
    if named:
        text = _read(Path(named))
        if text is None:
            troubles.append(f"SOPS_AGE_KEY_FILE names {named}, which cannot be read")
        else:
            yield named, text
    standard = standard_file(environment)
    text = _read(standard) if standard.is_absolute() else None
    if text is not None:
        yield str(standard), text
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    if credentials:
        yield from _credentials(Path(credentials))


def standard_file(environment: Mapping[str, str]) -> Path:
    """Give where sops looks for identities by itself; relative, and of no use, without a HOME."""
    home = environment.get("XDG_CONFIG_HOME") or os.path.join(environment.get("HOME", ""), ".config")  # noqa: PTH118 - HOME may be missing
    return Path(home) / "sops/age/keys.txt"


def _credentials(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        names = sorted(os.listdir(folder))[:_MOST_FILES]  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return
    for name in names:
        text = _read(folder / name)
        if text is not None and "AGE-SECRET-KEY-" in text.upper():
            yield f"the credential {name}", text


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode(errors="replace")
    except OSError:
        return None


def unwrap(wrapped: Sequence[tuple[str, str]], environment: Mapping[str, str]) -> bytes:
    """Give the data key of a file.

    Args:
        wrapped: each recipient, and the data key encrypted for it.
        environment: says where identities are.

    Raises:
        SopsError: no identity opens it.
    """
    import pyrage  # noqa: PLC0415 - only where something is encrypted

    found = find_identities(environment)
    told = "; ".join(found.troubles)
    recipients = ", ".join(recipient for recipient, _ in wrapped)
    if not found.identities:
        raise SopsError(
            f"this file is encrypted for {recipients}, and there is no age identity{_also(told)}; {WHERE}"
        )
    for _, text in wrapped:
        try:
            key: bytes = pyrage.decrypt(text.encode(), found.identities)
        except pyrage.DecryptError:
            continue
        if len(key) != KEY_BYTES:
            raise SopsError(f"the data key has {len(key)} bytes and not {KEY_BYTES}")
        return key
    ours = ", ".join(str(identity.to_public()) for identity in found.identities)
    raise SopsError(
        f"this file is encrypted for {recipients}, and the identities here are {ours}{_also(told)}; {WHERE}"
    )


def _also(told: str) -> str:
    return f" ({told})" if told else ""


def recipients_of(texts: Sequence[str]) -> list["Recipient"]:
    """Read recipients; raises SopsError for one that is none."""
    from pyrage import RecipientError  # noqa: PLC0415 - only where something is encrypted
    from pyrage.x25519 import Recipient  # noqa: PLC0415 - as above

    found = []
    for text in texts:
        try:
            found.append(Recipient.from_str(text))
        except RecipientError:
            words = (
                "post-quantum recipients cannot be used yet"
                if text.startswith("age1pq1")
                else "is no age recipient"
            )
            raise SopsError(f"{text[:80]}: {words}; expected age1…, as `age-keygen -y` prints it") from None
    return found


def wrap(key: bytes, recipients: Sequence[str]) -> list[tuple[str, str]]:
    """Encrypt a data key for each recipient; raises SopsError for one that is none."""
    import pyrage  # noqa: PLC0415 - only where something is encrypted

    return [
        (str(one), pyrage.encrypt(key, [one], armored=True).decode()) for one in recipients_of(recipients)
    ]


def own_recipients(environment: Mapping[str, str]) -> list[str]:
    """Give the recipients of the identities that there are."""
    return [str(identity.to_public()) for identity in find_identities(environment).identities]


def new_identity() -> tuple[str, str]:
    """Make an identity; gives it and its recipient."""
    from pyrage.x25519 import Identity  # noqa: PLC0415 - only where something is encrypted

    made = Identity.generate()
    return str(made), str(made.to_public())
