"""The page about the command line, made from its own definitions."""

import re
from collections.abc import Iterator

import click

from imgsvc.cli import commands

_HEAD = """\
# The command line

*Made from the commands' own definitions by `make docs`; do not edit.*

`imgsvc COMMAND`, or `python -m imgsvc COMMAND`; without a command it is `serve`. Settings come from the environment and
from a `.env` file in the working directory, as for the service ([configuration.md](configuration.md)). `get`, `logo`,
`card` and `warm` are the whole service without a web server: they use its store, and leave there what they found.
`purge` and `health` ask a running one.

| exit code | |
|---|---|
| 0 | Done; for `check-url` allowed, for `health` healthy or degraded. |
| 1 | It failed, is denied, or is unhealthy. A line says why, of `check-url` and `health` on standard output. |
| 2 | The settings, or the command line, make no sense. |
| 130 | Interrupted, by Ctrl-C or SIGINT. `serve` ends with 0 then, as it does on SIGTERM, once it has begun to serve. |

Results go to standard output, all else to standard error. What moves (a bar, a line that says what is going on) is
shown on a terminal only; `NO_COLOR` and `COLUMNS` are heeded. With `--json` standard output has one JSON document and
nothing else; where `get`, `logo` or `card` fail because of the source it is `{"error": {"code", "detail"}}`, with the
codes of [api.md](api.md). Where `purge` or `store init` fails there is none.

Completion of commands and options, by the Tab key:

```
eval "$(_IMGSVC_COMPLETE=bash_source imgsvc)"
```

in `~/.bashrc`; `zsh_source` in `~/.zshrc`, and `_IMGSVC_COMPLETE=fish_source imgsvc | source` in fish's settings.
"""


def page() -> str:
    """Make ``docs/commands.md``."""
    return "\n".join([_HEAD, *_sections(click.Context(commands, info_name="imgsvc", **commands.context_settings))])


def _sections(parent: click.Context) -> Iterator[str]:
    """Write each command; of a group those in it."""
    assert isinstance(parent.command, click.Group)
    for name in parent.command.list_commands(parent):
        command = parent.command.get_command(parent, name)
        context = click.Context(command, info_name=name, parent=parent)
        if isinstance(command, click.Group):
            yield from _sections(context)
        else:
            yield "\n".join(_section(context))


def _section(context: click.Context) -> Iterator[str]:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"## `{context.command_path}`\n\n`{usage}`\n"
    yield f"{_paragraphs(command.help)}\n\n| option | |\n|---|---|"
    for option in command.get_params(context):
        record = option.get_help_record(context)
        if isinstance(option, click.Option) and record is not None and "--help" not in record[0]:
            yield f"| `{_cell(record[0])}` | {_cell(_text(_bounds(record[1])))} |"
    examples = re.findall(r"^  (imgsvc .*)$", command.epilog, re.MULTILINE)
    yield "\n".join(["", "```", *examples, "```", ""])


def _paragraphs(text: str) -> str:
    return "\n\n".join(_text(" ".join(part.split())) for part in text.split("\n\n"))


def _bounds(text: str) -> str:
    """Say default and range, which stand in brackets at the end, as sentences would."""
    text = re.sub(r"([0-9.]+)<=x<=([0-9.]+)", r"\1 to \2", text)
    return re.sub(r"  \[(.*)\]$", r" (\1)", re.sub(r"x>=([0-9.]+)", r"\1 at least", text))


def _text(text: str) -> str:
    """Let nothing be taken for markup that is none."""
    return re.sub(r"([*<])", r"\\\1", text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
