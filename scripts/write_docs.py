"""Write the pages of ``docs/`` that are made from the code: the settings and the command line."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from imgsvc.settings import documented
from imgsvc.settings.values import shown
from scripts.command_page import page as commands_page

DOCS = Path(__file__).parent.parent / "docs"

_CONFIGURATION_HEAD = """\
# Configuration

*Made from the settings' own definitions by `make docs`; do not edit.*

All settings are read once, at start, from the environment and from a `.env` file in the working directory; the
environment wins. A value that makes no sense ends the program with exit code 2 and one line for each fault; an unknown
`IMGSVC_*` name is a warning with the nearest known one. `imgsvc config` prints what is in force.
`S3_SERVER_URL` is another name for `S3_ENDPOINT_URL`.
"""


def configuration() -> str:
    """Make ``docs/configuration.md``."""
    return "\n".join([_CONFIGURATION_HEAD, *_rows()]) + "\n"


def _rows() -> Iterator[str]:
    seen = ""
    for group_name, group, name, info in documented():
        if group_name != seen:
            seen = group_name
            yield f"\n## {group_name.capitalize()}\n\n{group.__doc__}\n"
            yield "| setting | default | |\n|---|---|---|"
        default = shown(info.get_default())
        text = (info.description or "").replace("|", "\\|")
        yield f"| `{name}` | {f'`{default}`' if default else ''} | {text}{_secret(info.annotation)} |"


def _secret(annotation: object) -> str:
    return " A secret: shown as `***`." if SecretStr.__name__ in str(annotation) else ""


if __name__ == "__main__":
    (DOCS / "configuration.md").write_text(configuration())
    (DOCS / "commands.md").write_text(commands_page())
