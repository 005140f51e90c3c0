"""The program as a whole: its help, and how it ends."""

import errno
import importlib
import pkgutil
import sys

import click
import pytest

from imgsvc import cli, commands
from imgsvc.commands import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_SETTINGS
from imgsvc.commands.program import SECTIONS, Program


def every_command(group: click.Group = cli.commands, *path: str):
    """Give each command with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, *path, name)


COMMANDS = dict(every_command())


def test_every_command_is_in_a_section():
    """Each module that defines one is reached, and nothing is named that is not there."""
    modules = (
        importlib.import_module(m.name) for m in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}.")
    )
    defined = {
        name
        for m in modules
        for name in [m.__name__.rpartition(".")[2]]
        if isinstance(getattr(m, name, 0), click.Command)
    }

    named = {name for names in SECTIONS.values() for name in names}
    assert {name.replace("-", "_") for name in named} == defined | {"serve"}


def test_the_help_fits_on_a_screen(invoke):
    """All commands by section, with the exit codes, in less than 30 lines of 80 columns."""
    lines = invoke("--help", COLUMNS="80").stdout.splitlines()

    assert len(lines) < 30
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line.removesuffix(":") in SECTIONS] == [f"{title}:" for title in SECTIONS]
    text = " ".join(" ".join(lines).split())
    for code in (0, EXIT_FAILED, EXIT_SETTINGS, EXIT_INTERRUPTED):
        assert f" {code} " in text[text.index("Exit codes:") :]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help(invoke, words):
    """What it is for, each option, and at least one example, which calls this command."""
    command = COMMANDS[words]
    result = invoke(*words, "-h")

    assert result.exit_code == 0
    assert command.short_help.endswith(".")
    if not isinstance(command, click.Group):
        assert f"  imgsvc {' '.join(words)}" in result.stdout[result.stdout.index("Examples:") :]
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help.endswith("."), option.name


def test_no_other_command(invoke):
    """A word that is none is a mistake in the command line."""
    assert invoke("nonsense").exit_code == EXIT_SETTINGS


def program_that(raises: BaseException) -> Program:
    """Give a program whose one command ends in this."""
    program = Program("p")

    @program.command()
    def command() -> None:
        raise raises

    return program


def test_interrupted():
    """Ctrl-C is exit code 130 wherever it hits."""
    with pytest.raises(SystemExit) as ended:
        program_that(KeyboardInterrupt()).main(["command"])

    assert ended.value.code == EXIT_INTERRUPTED


def test_a_reader_that_has_left(monkeypatch):
    """A broken pipe is quiet."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))  # click puts wrappers around them
    with pytest.raises(SystemExit) as ended:
        program_that(BrokenPipeError(errno.EPIPE, "x")).main(["command"])

    assert ended.value.code == EXIT_FAILED


@pytest.mark.parametrize(
    "error", [OSError("what?"), FileNotFoundError(errno.ENOENT, "x"), OSError(errno.ENOSPC, "x", "f")]
)
def test_what_nobody_foresaw_is_not_hidden(error):
    """Only what is said of the output itself is made a line; a fault of ours shows itself."""
    with pytest.raises(type(error)):
        program_that(error).main(["command"])
