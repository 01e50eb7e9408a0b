"""`droasctl init`: a few questions, and a first configuration that works."""

import base64
import getpass
import os
import re
import secrets
import shlex
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from pydantic import HttpUrl, TypeAdapter, ValidationError

from droas_common.errors import CannotCreateError, UsageError
from droas_common.ids import BOT_NAME_PATTERN
from droas_common.settings import ProtectionLevel
from droas_mother.adapters.configuration.file_writing import replace_file
from droas_mother.adapters.configuration.folder import read_tree
from droas_mother.adapters.configuration.interpretation import examine
from droas_mother.core.configuration.first_files import (
    GUARDIAN_VARIABLE,
    KEY_VARIABLE,
    Answers,
    first_files,
    token_fault,
)
from droas_mother.core.configuration.layout import NAME_RULE
from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.command import show

_TRIES = 3
_LOCAL_MODEL = "http://127.0.0.1:11434/v1"


def _init(arguments: Namespace) -> int:
    folder = Path(arguments.folder)
    if (folder / "droas.yaml").exists():
        raise CannotCreateError(
            f"{folder / 'droas.yaml'}: is there already; `droasctl config set` changes it"
        )
    asks = not arguments.non_interactive
    if asks and not sys.stdin.isatty():
        raise UsageError("init asks on a terminal; say --non-interactive in a script")
    if asks and not arguments.sandbox:
        arguments.sandbox = (
            _asked("for discord, or for the sandbox on this machine?", "discord", _valid_place) == "sandbox"
        )
    answers = _sandbox_answers(arguments) if arguments.sandbox else _answers(arguments, asks=asks)
    written = []
    for path, (text, mode) in first_files(answers).items():
        _make_folder((folder / path).parent)
        replace_file(folder / path, None, text.encode(), mode=mode)
        written.append(str(folder / path))
    found = examine(read_tree(folder), os.environ)
    missing = [one.headline for one in found.diagnoses]
    value = {"folder": str(folder), "files": written, "problems": [one.as_json() for one in found.diagnoses]}
    show(value, lambda: _told(folder, written, missing, arguments), as_json=arguments.json)
    return codes.OK


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise CannotCreateError(
            f"{folder}: cannot be made, a file is in its place; remove it first, or choose another folder"
        ) from error


def _told(folder: Path, written: list[str], missing: list[str], arguments: Namespace) -> list[str]:
    lines = [f"written: {path}" for path in written]
    if missing:
        return [
            *lines,
            f"still to do, in {folder / 'secrets.env'} or the environment:",
            *(f"  {one}" for one in missing),
        ]
    first = (
        [f"  {_program('droas-sandbox')} --port {arguments.port} --world {folder}/sandbox.json"]
        if arguments.sandbox
        else []
    )
    head = "now run, each in a terminal of its own:" if first else "now run:"
    return [*lines, head, *first, f"  {_program('droas-mother')} --config {folder}"]


def _program(name: str) -> str:
    """Give what starts a program of ours in this shell: its name, or its path when the name is not found."""
    path = Path(sys.executable).parent / name
    if shutil.which(name) or not path.exists():
        return name
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def _sandbox_answers(arguments: Namespace) -> Answers:
    bot = _valid_name(arguments.bot or "helper")
    tokens = {bot: _made_token(), "guardian": _made_token()}
    base = f"http://127.0.0.1:{arguments.port}"
    answers = Answers(
        bot=bot,
        api_base=f"{base}/api/v10",
        model_base=_valid_url(arguments.model_url or f"{base}/model/v1"),
        model=arguments.model,
        level=ProtectionLevel(arguments.level),
        secrets={GUARDIAN_VARIABLE: tokens["guardian"], KEY_VARIABLE: "any-text-will-do"},
        sandbox_tokens=tokens,
    )
    answers.secrets[answers.token_variable] = tokens[bot]
    return answers


def _answers(arguments: Namespace, *, asks: bool) -> Answers:
    bot = arguments.bot or (_asked("name of the first bot", "helper", _valid_name) if asks else "helper")
    given = arguments.model_url or os.environ.get("LLM_BASE_URL")
    url = given or (
        _asked("language model, up to and including /v1", _LOCAL_MODEL, _valid_url) if asks else _LOCAL_MODEL
    )
    answers = Answers(
        bot=_valid_name(bot),
        model_base=_valid_url(url),
        model=arguments.model,
        level=ProtectionLevel(arguments.level),
        secrets={},
    )
    questions = {
        answers.token_variable: f"token of {bot}, from Discord's developer portal (empty: later)",
        GUARDIAN_VARIABLE: "token of the bot that protects the groups (empty: none)",
        KEY_VARIABLE: "key of the language model (empty: none is needed)",
    }
    for name, question in questions.items():
        checks = name != KEY_VARIABLE
        value = os.environ.get(name) or (_asked_secret(question, checks=checks) if asks else "")
        if value and checks and (fault := token_fault(value)):
            raise UsageError(f"{name}: {fault}")
        if value:
            answers.secrets[name] = value
    answers.secrets.setdefault(KEY_VARIABLE, "none")
    return answers


def _asked(question: str, default: str, check: Callable[[str], str]) -> str:
    for _ in range(_TRIES):
        sys.stderr.write(f"{question} [{default}]: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise _no_more_answers()
        text = line.strip() or default
        try:
            return check(text)
        except UsageError as error:
            sys.stderr.write(f"  {error}\n")
    raise UsageError(f"{question}: no usable answer in {_TRIES} tries")


def _asked_secret(question: str, *, checks: bool) -> str:
    for _ in range(_TRIES):
        try:
            text = getpass.getpass(f"{question}: ").strip()
        except EOFError:
            raise _no_more_answers() from None
        fault = token_fault(text) if checks and text else ""
        if not fault:
            return text
        sys.stderr.write(f"  {fault}\n")
    raise UsageError(f"{question}: no usable answer in {_TRIES} tries")


def _no_more_answers() -> UsageError:
    """Give what ends the asking when the terminal's input ends; nothing was written until then."""
    sys.stderr.write("\n")
    return UsageError("there are no more answers; nothing was written")


def _valid_place(text: str) -> str:
    if text not in ("discord", "sandbox"):
        raise UsageError("answer discord or sandbox")
    return text


def _valid_name(text: str) -> str:
    if not re.match(BOT_NAME_PATTERN, text):
        raise UsageError(f"a bot's name has {NAME_RULE}")
    return text


def _valid_url(text: str) -> str:
    try:
        TypeAdapter(HttpUrl).validate_python(text)
    except ValidationError:
        raise UsageError("this is no address; it begins with http:// or https://") from None
    return text


def _made_token() -> str:
    """Make a token of Discord's shape, which opens nothing but a sandbox that was told of it."""
    number = str(10**17 + secrets.randbelow(9 * 10**17)).encode()
    head = base64.urlsafe_b64encode(number).decode().rstrip("=")
    return f"{head}.{secrets.token_urlsafe(5)[:6]}.{secrets.token_urlsafe(30)[:38]}"


ACTIONS = {"": _init}
