"""`droasctl secrets`: files encrypted, edited and given fresh keys."""

import os
import shlex
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from droas_common.errors import NoInputError, RequestError, UsageError
from droas_mother.adapters.configuration import age_keys, secret_files
from droas_mother.adapters.configuration.file_writing import ChangedError, replace_file
from droas_mother.adapters.configuration.folder import MAX_FILE_BYTES
from droas_mother.adapters.durable_files import check_folder
from droas_mother.core.configuration.sops_values import SopsError
from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.command import show

_MEMORY = Path("/dev/shm")  # noqa: S108 - a file of our own is made in it, 0600


def _encrypt(arguments: Namespace) -> int:
    recipients = arguments.age or age_keys.own_recipients(os.environ)

    def work(file: str, text: str) -> str:
        return secret_files.encrypted(file, text, recipients, secret_files.rule_for(file, arguments.regex))

    return _replace(arguments, work, f"encrypted for {', '.join(recipients)}")


def _edit(arguments: Namespace) -> int:
    def work(file: str, text: str) -> str:
        with _editor(file) as edit:
            while True:
                try:
                    return secret_files.edited(file, text, os.environ, edit)
                except SopsError as error:
                    _ask_again(file, error, typed=edit.path.exists())

    return _replace(arguments, work, "edited", typed=True)


def _rotate(arguments: Namespace) -> int:
    def work(file: str, text: str) -> str:
        return secret_files.rotated(file, text, os.environ, arguments.age)

    return _replace(arguments, work, "encrypted anew with a fresh data key")


def _keygen(arguments: Namespace) -> int:
    identity, recipient = age_keys.new_identity()
    path = Path(arguments.file)
    if path.absolute() == age_keys.standard_file(os.environ).absolute():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    check_folder(path)
    replace_file(path, None, f"# public key: {recipient}\n{identity}\n".encode())
    words = f"{path}: an age identity, for you alone; its recipient is {recipient}"
    show({"file": arguments.file, "recipient": recipient}, lambda: [words], as_json=arguments.json)
    return codes.OK


def _replace(arguments: Namespace, work: Callable[[str, str], str], done: str, *, typed: bool = False) -> int:
    """Put what a work makes of a file, which is encrypted, in its place; what a person typed is not lost."""
    path = Path(arguments.file)
    before = _read(path)
    try:
        after = work(arguments.file, before.decode("utf-8-sig")).encode()
    except UnicodeDecodeError:
        raise RequestError(f"{path}: the file is not UTF-8 text") from None
    except SopsError as error:
        raise RequestError(_placed(str(path), error)) from None
    same = after == before
    if not same:
        try:
            replace_file(path, before, after)
        except ChangedError as error:
            if not typed:
                raise
            raise ChangedError(f"{error}; {_kept(path, after)}") from None
    words = "not changed" if same else done
    show({"file": arguments.file, "changed": not same}, lambda: [f"{path}: {words}"], as_json=arguments.json)
    return codes.OK


def _placed(file: str, fault: SopsError) -> str:
    """Say a fault with its file, which it names itself when it knows the line."""
    return str(fault) if str(fault).startswith(f"{file}:") else f"{file}: {fault}"


def _kept(path: Path, sealed: bytes) -> str:
    """Keep what cannot take a file's place in a hidden one beside it, which is nobody's; says so in words."""
    beside = path.with_name(f".typed-{token_hex(4)}-{path.name[-100:]}")
    replace_file(beside, None, sealed)
    return f"what was typed is kept, encrypted: `droasctl secrets edit {shlex.quote(str(beside))}` shows it; remove it then"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise NoInputError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise RequestError(f"{path}: more than the {MAX_FILE_BYTES} bytes allowed")
    return raw


class _Editing:
    """Lets the person's editor change a text, and the same text again when something was wrong with it.

    Args:
        path: where it lies meanwhile; not there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"

    def __call__(self, plain: str) -> str:
        """Give the text as it was changed; raises SopsError when it cannot be used, to be corrected."""
        if not self.path.exists():
            self.path.touch(mode=0o600)
            self.path.write_text(plain, encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(self._editor), str(self.path)], check=False)  # noqa: S603 - the person's own editor
        except OSError as error:
            raise UsageError(
                f"the editor {self._editor} cannot be started: {error.strerror}; set EDITOR"
            ) from None
        except ValueError as error:
            raise UsageError(f"the editor {self._editor} is no command ({error}); set EDITOR") from None
        if done.returncode:
            raise RequestError(f"the editor ended with {done.returncode}; nothing was changed")
        try:
            return self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise SopsError("what was written is not UTF-8 text") from None


@contextmanager
def _editor(file: str) -> Iterator[_Editing]:
    """Give an editor whose text lies in memory, where there is such a place, and is gone afterwards."""
    where = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="droas-") as folder:
        yield _Editing(Path(folder) / Path(file).name)


def _ask_again(file: str, fault: SopsError, *, typed: bool) -> None:
    """Show what is wrong with a text, and wait before the editor opens again; raises where that is no use."""
    if not typed:
        raise fault
    if not sys.stdin.isatty():
        raise RequestError(
            f"{_placed(file, fault)}; nothing was changed, and what was typed is not kept, as it is in clear"
        )
    sys.stderr.write(f"droasctl: {_placed(file, fault)}\nEnter opens the editor again, Ctrl+C gives up: ")
    sys.stderr.flush()
    if not sys.stdin.readline():
        raise RequestError(f"{file}: nothing was changed, and what was typed is not kept")


ACTIONS = {"encrypt": _encrypt, "edit": _edit, "rotate": _rotate, "keygen": _keygen}
