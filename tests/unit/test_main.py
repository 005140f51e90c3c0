"""The first start, as far as it is decided before the command line is loaded."""

import os
import subprocess
import sys

import pytest

from imgsvc import __main__ as first
from imgsvc.allocator import JEMALLOC_SETTINGS, RESTARTED, Libraries
from imgsvc.cli import commands
from imgsvc.commands import serving, streams
from imgsvc.commands.program import SECTIONS

BOTH = Libraries(jemalloc="/lib/libjemalloc.so.2", glibc=True)


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Run the first start in an empty folder; give the environments of the starts that follow."""
    monkeypatch.chdir(tmp_path)
    for name in ("LD_PRELOAD", "IMGSVC_ALLOCATOR", *JEMALLOC_SETTINGS, RESTARTED):
        monkeypatch.delenv(name, raising=False)
    environments = []

    def start(libraries=BOTH):
        first.start_early(libraries, environments.append)
        return environments

    return start


def test_it_starts_again_with_an_allocator(started):
    """The environment has what the allocator and the libraries read, and the mark that this was the first start."""
    (environment,) = started()

    assert environment["LD_PRELOAD"] == "/lib/libjemalloc.so.2"
    assert environment["VIPS_CONCURRENCY"]
    assert environment[RESTARTED] == str(os.getpid())


def test_the_second_start_goes_on(started, monkeypatch):
    """The mark stops a third."""
    monkeypatch.setenv(RESTARTED, str(os.getpid()))

    assert started() == []


@pytest.mark.parametrize("choice", ["jemalloc", "system"])
def test_what_cannot_be_or_need_not_be_is_left_to_the_command_line(started, monkeypatch, choice):
    """An allocator that is missing is told of by the command line; the system's needs no second start."""
    monkeypatch.setenv("IMGSVC_ALLOCATOR", choice)

    assert started(Libraries(jemalloc=None, glibc=True)) == []


@pytest.mark.parametrize(
    ("arguments", "plain"),
    [
        ([], True),
        (["serve", "--port", "0"], True),
        (["get", "http://a.test/"], True),
        (["serve", "--help"], False),
        (["--version"], False),
        (["health"], False),
    ],
)
def test_which_command_lines_are_plain(monkeypatch, tmp_path, arguments, plain):
    """Commands that make pictures start early, but neither for their help nor beside a ``.env``, which may choose."""
    monkeypatch.chdir(tmp_path)
    assert first._is_plain(arguments) is plain

    (tmp_path / ".env").touch()
    assert not first._is_plain(arguments)


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("", {}),
        ("serve", {}),
        ("serve --port 0", {"--port": "0"}),
        ("serve --demo --host :: --port 65535", {"--demo": "", "--host": "::", "--port": "65535"}),
        ("serve --port 65536", None),
        ("serve --port " + 5000 * "9", None),
        ("serve --port -1", None),
        ("serve --port \u0663", None),
        ("serve --port", None),
        ("serve --port=1", None),
        ("serve --host --demo", None),
        ("serve --demo x", None),
        ("serve -h", None),
        ("health", None),
        ("--version", None),
    ],
)
def test_which_command_lines_click_is_not_needed_for(line, given):
    """A plain start is understood without it; all else, whatever is wrong included, is left to it."""
    assert first.plainly_serve(line.split()) == given


def test_a_plain_start_is_what_click_would_start(monkeypatch, tmp_path):
    """The same function gets the same arguments either way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(streams, "hold_standard_streams", lambda: None)
    monkeypatch.setattr(first, "start_early", lambda *_: None)
    calls = []
    monkeypatch.setattr(serving, "run", lambda again, given, *, demo: calls.append((given, demo)))
    for line in ("serve", "serve --demo --port 8000", "serve --host 0.0.0.0"):
        monkeypatch.setattr(sys, "argv", ["imgsvc", *line.split()])
        first.main()
        commands.main(line.split(), standalone_mode=False)

    assert calls[::2] == calls[1::2]
    assert calls[2] == ({"IMGSVC_PORT": "8000"}, True)


def test_all_commands_that_prepare_are_named(monkeypatch):
    """Each command that asks for libvips to be prepared is one that may start early, and no other is."""
    names = [name for section in SECTIONS.values() for name in section]
    prepare = {name for name in names if name != "serve" and _is_given_ready(commands.get_command(None, name))}

    assert prepare | {"serve"} == first.MAKE_PICTURES


def _is_given_ready(command):
    module = sys.modules.get(f"imgsvc.commands.{command.name}")
    return hasattr(module, "READY")


def test_little_is_loaded_before_the_second_start():
    """Beyond what the interpreter has loaded, little but our own modules comes before the second start."""
    loaded = "import sys; before = set(sys.modules); import imgsvc.__main__; print(*set(sys.modules) - before)"
    output = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout

    assert set(output.split()) <= {"imgsvc", "imgsvc.__main__", "imgsvc.allocator", "gc", "types"}
