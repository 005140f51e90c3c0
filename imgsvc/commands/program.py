"""The program as a whole: its commands by what they are for, and how it ends when it is cut short."""

from importlib import import_module
from typing import Any

import click

from imgsvc.commands.streams import cut_short

SECTIONS = {
    "Serve": ("serve", "health"),
    "Make pictures": ("get", "logo", "card", "warm"),
    "Look after them": ("purge", "sign", "check-url", "config", "store"),
}
"""The commands in the order of the help."""

EXIT_CODES = (
    "Exit codes: 0 done; 1 failed, denied or unhealthy; 2 settings or command line make no sense; 130 interrupted."
)


class Program(click.Group):
    """A group that shows its commands by section; who presses Ctrl-C or has a full disk sees a line, no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would make ``Aborted!`` and exit code 1 of Ctrl-C."""
        with cut_short():
            return super().invoke(ctx)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program; click itself takes care of pipes whose reader has left (exit code 1, nothing said)."""
        with cut_short():
            return super().main(*args, **kwargs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command, loaded when it is first asked for: ``serve``, which starts twice, shall not wait for all."""
        known = super().get_command(ctx, cmd_name)
        if known is not None or cmd_name not in self.list_commands(ctx):
            return known
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"imgsvc.commands.{name}"), name)
        self.add_command(command)
        return command

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's call
        """Give the names in the order of the help."""
        return [name for names in SECTIONS.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section."""
        width = max(map(len, self.list_commands(ctx)))
        for title, names in SECTIONS.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name.ljust(width), command.get_short_help_str()) for name, command in found if command]
            with formatter.section(title):
                formatter.write_dl(rows)
