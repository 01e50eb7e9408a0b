"""Completion scripts for bash, zsh and fish, written from the parser itself, so that they cannot lag behind it."""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from droas_mother.ctl.parser import build


class Option(NamedTuple):
    """One option of a command."""

    flags: tuple[str, ...]
    words: str
    takes_value: bool
    choices: tuple[str, ...]


class Shape(NamedTuple):
    """One command as a shell sees it."""

    name: str
    words: str
    options: tuple[Option, ...]
    takes_bot: bool
    choices: tuple[str, ...]
    actions: "tuple[Shape, ...]" = ()


def shapes() -> list[Shape]:
    """Read all commands from the parser."""
    return list(_shapes_in(build()))


def _shapes_in(parser: argparse.ArgumentParser) -> Iterator[Shape]:
    """Give the commands of a parser, or the actions of a command."""
    for parsers in parser._actions:  # noqa: SLF001 - argparse has no public way
        if isinstance(parsers, argparse._SubParsersAction):  # noqa: SLF001 - as above
            words = {one.dest: one.help or "" for one in parsers._choices_actions}  # noqa: SLF001 - as above
            for name, one in parsers.choices.items():
                yield _shape(name, words[name], one)


def _shape(name: str, words: str, parser: argparse.ArgumentParser) -> Shape:
    actions = parser._actions  # noqa: SLF001 - as above
    return Shape(
        name=name,
        words=words,
        options=tuple(_options(parser)),
        takes_bot=any(one.dest == "bot" for one in actions),
        choices=tuple(choice for one in actions if not one.option_strings for choice in one.choices or ()),
        actions=tuple(_shapes_in(parser)),
    )


def _options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    for one in parser._actions:  # noqa: SLF001 - as above
        if one.option_strings:
            yield Option(
                flags=tuple(one.option_strings),
                words=(one.help or "").partition(" (")[0].partition(";")[0],
                takes_value=one.nargs is None,
                choices=tuple(one.choices or ()),
            )


_BASH = """\
# droasctl completion for bash; put it into a file of ~/.local/share/bash-completion/completions/droasctl
_droasctl() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
  local command="" action="" bot="" socket=() index word options words bots
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="${COMP_WORDS[index]}"
    case "$word" in
    --socket) socket=(--socket "${COMP_WORDS[index+1]}"); ((index++)) ;;
    @VALUED@) ((index++)) ;;
    -*) ;;
    *) if [[ -z "$command" ]]; then command="$word"; else bot="$word" action="${action:-$word}"; fi ;;
    esac
  done
  COMPREPLY=()
  case "$previous" in
    --socket) COMPREPLY=($(compgen -f -- "$current")); return ;;
@VALUES@
    @FREE@) return ;;
  esac
  if [[ -z "$command" ]]; then
    COMPREPLY=($(compgen -W "@NAMES@ --socket --version --help" -- "$current"))
    return
  fi
  case "$command $action" in
@CASES@
    *) return ;;
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -z "$bot" ]]; then
    [[ "$bots" == 1 ]] && words="$("${COMP_WORDS[0]}" "${socket[@]}" list 2>/dev/null)"
    # In single quotes: bash would run what a name tells it to.
    COMPREPLY=($(compgen -W '$words' -- "$current"))
  fi
}
complete -F _droasctl droasctl
"""


def bash(commands: list[Shape]) -> str:
    """Give the script for bash: `source <(droasctl completion bash)`."""
    everything = [one for command in commands for one in (command, *command.actions)]
    valued = {
        flag: " ".join(option.choices)
        for one in everything
        for option in one.options
        for flag in option.flags
        if option.takes_value and flag != "--socket"
    }
    parts = {
        "@NAMES@": " ".join(one.name for one in commands),
        "@VALUED@": "|".join(valued),
        "@FREE@": "|".join(flag for flag, choices in valued.items() if not choices),
        "@VALUES@": "\n".join(
            f'    {flag}) COMPREPLY=($(compgen -W "{choices}" -- "$current")); return ;;'
            for flag, choices in valued.items()
            if choices
        ),
        "@CASES@": "\n".join(
            case
            for one in commands
            for case in (
                *(_bash_case(f"'{one.name} {action.name}'", action) for action in one.actions),
                _bash_case(f"'{one.name} '*", one),
            )
        ),
    }
    script = _BASH
    for mark, text in parts.items():
        script = script.replace(mark, text)
    return script


def _bash_case(pattern: str, one: Shape) -> str:
    flags = " ".join(flag for option in one.options for flag in option.flags)
    words = " ".join(one.choices)
    return f"    {pattern}) options={_quoted(flags)} words={_quoted(words)} bots={int(one.takes_bot)} ;;"


def zsh(commands: list[Shape]) -> str:
    """Give the script for zsh: in a file `_droasctl` of $fpath."""
    names = "\n".join(f"    {_quoted(f'{one.name}:{one.words}')}" for one in commands)
    cases = "\n".join(_zsh_case(one) for one in commands)
    return f"""\
#compdef droasctl
# droasctl completion for zsh; put it into a file named _droasctl of a folder in $fpath
_droasctl_bots() {{
  local -a bots
  bots=(${{(f)"$(droasctl $socket list 2>/dev/null)"}})
  _describe 'bot' bots
}}
_droasctl() {{
  local context state line
  local -A opt_args
  local -a commands socket
  local place=${{words[(I)--socket]}}
  (( place )) && socket=(--socket "${{words[place+1]}}")
  commands=(
{names}
  )
  _arguments -C '--socket[socket of the mother]:file:_files' '--version[release]' '--help[help]' '1: :->command' '*:: :->rest'
  case "$state" in
  command) _describe 'command' commands ;;
  rest)
    case "$words[1]" in
{cases}
    esac ;;
  esac
}}
if [[ "$funcstack[1]" == _droasctl ]]; then _droasctl "$@"; else compdef _droasctl droasctl; fi
"""


def _zsh_case(one: Shape) -> str:
    own = f"_arguments -s {' '.join(_zsh_arguments(one))}"
    if not one.actions:
        return f"    {one.name})\n      {own} ;;"
    actions = "\n".join(
        f"      {action.name}) _arguments -s {' '.join(_zsh_arguments(action))} '1:word:({action.name})' ;;"
        for action in one.actions
    )
    return f'    {one.name})\n      case "$words[2]" in\n{actions}\n      *) {own} ;;\n      esac ;;'


def _zsh_arguments(one: Shape) -> Iterator[str]:
    for option in one.options:
        value = ""
        if option.takes_value:
            value = f":value:({' '.join(option.choices)})" if option.choices else ":value:"
            value = ":file:_files" if "--socket" in option.flags else value
        for flag in option.flags:
            yield _quoted(
                f"{flag}[{option.words.replace('[', '(').replace(']', ')').replace(':', ' ')}]{value}"
            )
    if one.takes_bot:
        yield "'1:bot:_droasctl_bots'"
    elif one.choices:
        yield _quoted(f"1:word:({' '.join(one.choices)})")


_SEEN = "__fish_seen_subcommand_from"


def fish(commands: list[Shape]) -> str:
    """Give the script for fish: `droasctl completion fish | source`."""
    lines = [
        "# droasctl completion for fish; put it into ~/.config/fish/completions/droasctl.fish",
        "complete -c droasctl -f",
        "complete -c droasctl -l socket -r -F -d 'socket of the mother'",
    ]
    for one in commands:
        seen = f"-n '{_SEEN} {one.name}'"
        lines.append(f"complete -c droasctl -n __fish_use_subcommand -a {one.name} -d {_quoted(one.words)}")
        if one.takes_bot:
            lines.append(f"complete -c droasctl {seen} -a '(droasctl list 2>/dev/null)' -d bot")
        if one.choices:
            lines.append(f"complete -c droasctl {seen} -a {_quoted(' '.join(one.choices))}")
        for shape, also in ((one, ""), *((action, f"; and {_SEEN} {action.name}") for action in one.actions)):
            when = f"-n '{_SEEN} {one.name}{also}'"
            lines += [
                f"complete -c droasctl {when} {_fish_option(option)}"
                for option in shape.options
                if "--socket" not in option.flags
            ]
    return "\n".join(lines) + "\n"


def _fish_option(option: Option) -> str:
    parts = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    if option.takes_value:
        parts.append("-x")
    if option.choices:
        parts.append(f"-a {_quoted(' '.join(option.choices))}")
    return " ".join([*parts, f"-d {_quoted(option.words)}"])


def _quoted(text: str) -> str:
    """Give a word that a shell takes as it is."""
    return "'" + text.replace("'", "'\\''") + "'"
