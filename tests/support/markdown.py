"""The fenced blocks of the documents, and what each is to a reader: a command, a request, settings, or only shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]

SHELL = frozenset(("", "sh", "bash", "shell"))
"""Commands alone; what they print is not shown."""

CONSOLE = "console"
"""Commands behind ``$ ``, and what they print; ``…`` stands for anything within a line, alone for any lines."""

HTTP = "http"
"""A request, its body behind an empty line, and behind one more the head of its answer; ``200`` if none is shown."""

ENV = frozenset(("env", "dotenv"))
"""Settings."""

JSON = "json"

SHOWN = {
    "caddyfile": "the shipped file is tested by itself",
    "css": "styles of the reader's own",
    "html": "markup of the reader's own page",
    "ini": "settings of another program",
    "javascript": "code of the reader's own site",
    "js": "code of the reader's own site",
    "jsx": "code of the reader's own site",
    "nginx": "the shipped file is tested by itself",
    "promql": "the shipped rules are tested by themselves",
    "python": "form of code, not a command",
    "text": "a drawing, a table, or what a program has printed",
    "toml": "settings of another program",
    "ts": "the shipped code is tested by itself",
    "tsx": "the shipped code is tested by itself",
    "yaml": "the shipped files are tested by themselves",
}
"""Languages that no test runs, and why not."""

PROGRAMS = frozenset(
    (
        ".venv/bin/imgsvc",
        ".venv/bin/python",
        "cat",
        "curl",
        "echo",
        "eval",
        "export",
        "grep",
        "imgsvc",
        "make",
        "printf",
    )
)
"""What lines of commands may begin with to be run."""

ELSEWHERE = {
    ".ci/run": "it runs this very test",
    "/opt/imgsvc/bin/pip": "it changes the machine",
    "cp": "it changes the machine",
    "docker": "it needs a container engine",
    "git": "it changes the working tree",
    "helm": "it needs a cluster",
    "install": "it changes the machine",
    "kubectl": "it needs a cluster",
    "npm": "the example site has a test of its own",
    "npx": "the example site has a test of its own",
    "pip": "it changes the environment that tests run in",
    "python3": "it makes an environment, or a package in the working tree",
    "sudo": "it changes the machine",
    "systemctl": "it needs systemd as the first process",
    "systemd-run": "it needs systemd as the first process",
}
"""Programs that are not run, and why; a block with one of them is left out whole. All others are unknown, a fault."""

MAKE_RUN = frozenset(("run",))
"""Targets that are made; the others are this very test's callers or take minutes: they have to exist."""

_NOTE = re.compile(r"<!--\s*example:\s*(?P<verb>skip|exits)[\s,]+(?P<rest>.*?)\s*-->", re.DOTALL)
_REMARK = re.compile(r"\s{2,}#.*")
_ASSIGNMENT = re.compile(r"""[A-Za-z_][A-Za-z0-9_]*=('[^']*'|"[^"]*"|\S)*\s*""")


@dataclass(frozen=True, slots=True)
class Example:
    """
    One fenced block.

    Attributes:
        page: the file.
        line: of its opening fence, from 1.
        language: the first word behind the fence, in lower case.
        text: what is in it.
        skip: why it is not run, as the comment above says; empty = it is.
        exit_code: what its commands are to end with.
    """

    page: Path
    line: int
    language: str
    text: str
    skip: str = ""
    exit_code: int = 0

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> list[str]:
        """Give the commands of a shell or console block, one a line, continued lines joined, comments left out."""
        text = self.text.replace("\\\n", " ")
        lines = [line.strip() for line in text.splitlines()]
        if self.language == CONSOLE:
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [_REMARK.sub("", line) for line in lines if line and not line.startswith("#")]

    def is_run(self) -> bool:
        """Whether a test runs it as commands, all of them, or sends it as a request."""
        if self.skip or self.language == HTTP:
            return not self.skip
        is_here = not any(program_of(command) in ELSEWHERE for command in self.commands())
        return is_here and (self.language in SHELL or self.language == CONSOLE)


def pages() -> list[Path]:
    """Give the documents that are written for readers; decisions and the changelog show no examples."""
    shipped = [p for p in (ROOT / "deploy").rglob("*.md") if "node_modules" not in p.parts]
    names = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
    return [*(ROOT / name for name in names), *sorted((ROOT / "docs").glob("*.md")), *sorted(shipped)]


def examples(page: Path) -> Iterator[Example]:
    """Give the fenced blocks of a document, in lists and quotations too."""
    note = None
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "fence":
            language = (token.info.split() or [""])[0].lower()
            skip = note["rest"] if note and note["verb"] == "skip" else ""
            exit_code = int(note["rest"]) if note and note["verb"] == "exits" else 0
            yield Example(page, token.map[0] + 1, language, token.content, skip, exit_code)
        note = _NOTE.search(token.content) if token.type == "html_block" else None


def program_of(command: str) -> str:
    """Give the program that a command starts, behind the settings before it."""
    while match := _ASSIGNMENT.match(command):
        command = command[match.end() :]
    return command.split(maxsplit=1)[0] if command.strip() else "export"
