"""What a program outside calls the mother's tools with: the file that `droasctl client add NAME --out FILE` writes."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from pydantic import SecretStr

from droas_common.errors import NoInputError, OutsideError, RequestError
from droas_common.life_record import read_beacon
from droas_common.settings import CurveKeys

CurveKey = Annotated[str, msgspec.Meta(min_length=40, max_length=40)]
"""Z85 text."""

KeySource = Callable[[], CurveKeys]
"""Gives a client's keys with those of the mother who is there now; raises OutsideError while no key of hers is known."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What one client proves itself with, and where the mother is found.

    Args:
        public_key: CURVE, Z85.
        secret_key: CURVE, Z85.
        endpoint: the tool socket.
        beacon: the file with the server's public key, new with every start of the mother.
    """

    public_key: CurveKey
    secret_key: CurveKey
    endpoint: str
    beacon: str

    def present_keys(self) -> CurveKeys:
        """Give the keys to connect with now; raises OutsideError when there is no key of a mother."""
        beacon = read_beacon(Path(self.beacon))
        if beacon is None:
            raise OutsideError(
                f"{self.beacon}: no mother's key can be read there, so none is reached; start her, "
                "or write the credential anew with `droasctl client add`"
            )
        return CurveKeys(
            public_key=self.public_key,
            secret_key=SecretStr(self.secret_key),
            server_key=beacon.server_key,
        )


def read_credential(path: str | Path) -> Credential:
    """Read a credential.

    Raises:
        NoInputError: there is no such file, or it cannot be read.
        RequestError: it is no credential.
    """
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Credential)
    except OSError as error:
        raise NoInputError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RequestError(
            f"{path}: this is no credential; `droasctl client add NAME --out FILE` writes one"
        ) from None
