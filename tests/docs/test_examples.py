"""Every example of the documents is one that a test knows: run, sent, read, or left out for a reason."""

import json
import re

import pytest

from imgsvc.settings import Settings, unknown_names
from tests.support.markdown import (
    CONSOLE,
    ELSEWHERE,
    ENV,
    HTTP,
    JSON,
    PROGRAMS,
    ROOT,
    SHELL,
    SHOWN,
    Example,
    examples,
    pages,
    program_of,
)
from tests.support.stage import pattern, serves

EXAMPLES = [example for page in pages() for example in examples(page)]
LEAST_REASON = 10
"""Characters that say why; fewer say nothing."""


def of(*languages: str) -> list[Example]:
    """Give the examples in these languages that are not left out."""
    return [example for example in EXAMPLES if example.language in languages and not example.skip]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_each_is_known(example):
    """No block is in a language that nothing looks at; one that is left out says why."""
    assert example.language in {*SHELL, CONSOLE, HTTP, *ENV, JSON, *SHOWN}
    assert not example.skip or len(example.skip) >= LEAST_REASON


@pytest.mark.parametrize("example", of(*SHELL, CONSOLE), ids=str)
def test_each_command_is_known(example):
    """Each command is of a program that is run, or of one that has a reason not to be."""
    assert example.commands()
    for command in example.commands():
        assert program_of(command) in PROGRAMS | set(ELSEWHERE), command


@pytest.mark.parametrize("example", of(*ENV), ids=str)
def test_settings_are_settings(example):
    """Each name is a setting, and each value one that it takes."""
    lines = [line for line in example.text.splitlines() if line.strip() and not line.startswith("#")]
    values = {name: value.strip("'\"") for name, _, value in (line.partition("=") for line in lines)}
    known = {name for name, _ in Settings().in_force()} | set(Settings.ALIASES)

    assert set(values) <= known
    assert list(unknown_names(values)) == []
    Settings.from_env(values)


@pytest.mark.parametrize("example", of(JSON), ids=str)
def test_json_is_json(example):
    """What is shown as JSON can be read as such."""
    assert json.loads(example.text) is not None


def test_the_parts_of_a_block(tmp_path):
    """Language, note, continued lines and settings before a command are told apart."""
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- example: skip, it needs a moon -->\n```sh\nfly\n```\n\n- in a list\n\n"
        "  <!-- example: exits 1 -->\n  ```console\n  $ A='b c' D=e imgsvc check-url \\\n    x\n  denied: …\n  ```\n\n"
        "text between\n\n```sh\n# not this\nimgsvc  # the service\n```\n\n```Env\nA=b\n```\n"
    )

    skipped, shown, remarked, settings = examples(page)

    assert (skipped.language, skipped.skip, skipped.is_run()) == ("sh", "it needs a moon", False)
    assert (shown.exit_code, shown.line, shown.is_run()) == (1, 9, True)
    assert [program_of(command) for command in shown.commands()] == ["imgsvc"]
    assert shown.commands()[0].split() == ["A='b", "c'", "D=e", "imgsvc", "check-url", "x"]
    assert remarked.commands() == ["imgsvc"]
    assert (settings.language, settings.is_run()) == ("env", False)


@pytest.mark.parametrize("example", of("python"), ids=str)
def test_code_that_is_shown_is_ours(example):
    """Code that shows how ours is written is found in it, word for word."""
    assert any(example.text in path.read_text() for path in (ROOT / "imgsvc").rglob("*.py"))


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("a 1\nb", "a 1\nb", True),
        ("a …\nb", "a 1\nb", True),
        ("a …\nb", "a 1\nc", False),
        ("…\nb", "b", True),
        ("…\nb", "x\ny\nb", True),
        ("a\n…", "a", True),
        ("a\n…", "a\nx\ny", True),
        ("a\n…", "x\na", False),
        ("a.b", "a-b", False),
    ],
)
def test_what_is_shown_of_an_output(shown, printed, fits):
    """An ellipsis is anything within its line, and alone any lines or none; all else is what it is."""
    assert (re.fullmatch(pattern(shown), f"{printed}\n") is not None) is fits


@pytest.mark.parametrize(
    ("command", "goes_on"),
    [
        ("imgsvc", True),
        ("IMGSVC_ALLOWED_HOSTS='*.example.com' .venv/bin/python -m imgsvc serve", True),
        ("imgsvc serve --host 127.0.0.1", True),
        ("make run", True),
        ("imgsvc config", False),
        ("make test", False),
    ],
)
def test_what_goes_on_until_it_is_stopped(command, goes_on):
    """A server is told from a command that ends."""
    assert serves(command) is goes_on


@pytest.mark.parametrize("text", ["docker run imgsvc\n", "echo x >> /etc/x\nsystemctl daemon-reload\n"])
def test_a_block_for_another_machine_is_left_out_whole(text):
    """Where one command cannot be run, none is: the others may be part of it."""
    assert not Example(ROOT, 1, "sh", text).is_run()
