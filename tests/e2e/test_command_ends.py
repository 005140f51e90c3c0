"""How commands end when the terminal, the pipe, the disk or the locale is not as one would wish."""

import asyncio
import os
import re

import pytest

from imgsvc.commands import EXIT_FAILED
from tests.support.logos import HTML, PNG, mark
from tests.support.origin import ScriptedOrigin
from tests.support.process import python_environment
from tests.support.service import environment
from tests.support.terminal import on_a_terminal
from tests.support.tools import free_ports, require_tool


async def shell(folder, script: str, **env: str) -> tuple[int, str, str]:
    """Run a script in which ``imgsvc`` is the program, and every part of a pipe counts."""
    program = require_tool("imgsvc")
    env = python_environment(env) | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        require_tool("bash"), "-c", f"set -o pipefail; {script}",
        cwd=folder, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_reader_that_leaves(tmp_path):
    """``| head`` gets its line, and nothing is said of a broken pipe, neither by a command nor by its help."""
    many = " ".join(f"; imgsvc {words} | head -1" for words in ("config --json", "--help", "check-url http://a.test/"))
    code, out, err = await shell(tmp_path, f"imgsvc config | head -1{many}")

    assert out.splitlines() == ["IMGSVC_HOST=127.0.0.1", "{", "Usage: imgsvc [OPTIONS] [COMMAND] [ARGS]...",
                                "scheme      passed  http"]  # fmt: skip
    assert err == ""
    assert code in (0, EXIT_FAILED)  # whether the reader was gone before the last line was written


@pytest.mark.parametrize("words", ["config", "--help", "--version", "check-url http://a.test/"])
async def test_a_disk_that_is_full(tmp_path, words):
    """What cannot be written is a line and exit code 1, not half a result that looks like a whole one."""
    code, _, err = await shell(tmp_path, f"imgsvc {words} > /dev/full")

    assert (code, err) == (1, "imgsvc: what was printed could not be written: No space left on device\n")


@pytest.mark.parametrize("options", ["--port 0", "--port=0"])
async def test_a_service_that_cannot_say_where_it_listens(tmp_path, options):
    """It ends: with a line and exit code 1 where the disk is full, with nothing of its own where the reader left."""
    full = await shell(tmp_path, f"imgsvc serve {options} > /dev/full")
    left = await shell(tmp_path, f"set +o pipefail; (sleep 1; imgsvc serve {options}; echo $? >&2) | true")

    assert full[0] == 1
    assert full[2].splitlines()[-1] == "imgsvc: what was printed could not be written: No space left on device"
    assert left[2].splitlines()[-1] == "1"
    assert "Traceback" not in full[2] + left[2]


@pytest.mark.parametrize("words", ["sign /x", "sign --nosuch", "serve --port 0 --host 192.0.2.1"])
async def test_nobody_to_be_told_what_is_wrong(tmp_path, words):
    """Where standard error cannot be written a command has failed, and that is all: neither reader nor disk matters."""
    full = await shell(tmp_path, f"imgsvc {words} 2> /dev/full")
    left = await shell(tmp_path, f"set +o pipefail; {{ sleep 1; imgsvc {words} 2>&1; echo $? >&2; }} | true")

    assert (full[0], left[2]) == (1, "1\n")


async def test_no_standard_output_at_all(tmp_path):
    """A closed one is no reason for a traceback."""
    code, _, err = await shell(tmp_path, "imgsvc config >&-")

    assert (code, err) == (0, "")


async def test_no_standard_input_at_all(tmp_path):
    """A closed one cannot be read, and that is said."""
    code, _, err = await shell(tmp_path, "imgsvc warm - <&-")

    assert (code, err) == (2, "imgsvc: standard input is closed: name a file\n")


async def test_a_service_with_nothing_open(tmp_path):
    """It serves without standard input, output and error, and no connection of its gets one of their numbers."""
    (port,) = free_ports(1)
    script = f"""
        imgsvc serve --port {port} <&- >&- 2>&- & service=$!
        until imgsvc health --live --server http://127.0.0.1:{port} > live; do kill -0 $service || exit 9; done
        for number in 0 1 2; do readlink /proc/$service/fd/$number; done
        kill $service; wait $service
    """
    code, out, _ = await shell(tmp_path, script)

    assert (code, out.split()) == (0, ["/dev/null"] * 3)


async def test_settings_in_a_folder(tmp_path):
    """A folder in the place of .env, as a mount of a missing file makes one, is told and holds nobody up."""
    (tmp_path / ".env").mkdir()
    code, _, err = await shell(tmp_path, "imgsvc config")

    assert (code, err) == (0, "imgsvc: .env is a folder; no settings are read from it\n")


@pytest.mark.parametrize("locale", [{"LANG": "C"}, {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}])
async def test_a_locale_without_letters(tmp_path, locale):
    """Letters that the output's encoding does not have are escaped: in results, in errors, in what was typed."""
    host = await shell(tmp_path, "IMGSVC_SIGNING_KEYS=k imgsvc sign '/lögo/ä?a=ü' --json", **locale)
    site = await shell(tmp_path, "IMGSVC_SITE_URL=http://bücher.test/ imgsvc config --changed", **locale)
    typed = await shell(tmp_path, "imgsvc get $'http://\\xff\\xfe.t\\u00e4st/' -o x.png", **locale)

    assert (host[0], site[0]) == (0, 0)
    assert site[1].startswith("IMGSVC_SITE_URL=http://b")
    assert typed[0] == 2
    assert "Traceback" not in host[2] + site[2] + typed[2]
    assert "is not percent-encoded UTF-8" in typed[2]


async def test_a_narrow_terminal_without_colours(tmp_path):
    """NO_COLOR and COLUMNS are heeded: a table folds its cells, and no colour is sent."""
    async with ScriptedOrigin() as origin:
        origin.serve("/", b'<link rel="apple-touch-icon" href="/icon.png">', headers=HTML)
        origin.serve("/icon.png", mark(180), headers=PNG)
        more = {"IMGSVC_LOGO_GOOGLE_URL": "", "IMGSVC_LOGO_DUCKDUCKGO_URL": "", "NO_COLOR": "1", "COLUMNS": "60"}
        env = environment(tmp_path, origin.port, **more)
        written = await asyncio.to_thread(on_a_terminal, tmp_path, env, "logo", "acme.test", "--explain")

    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
    table = [line for line in plain.splitlines() if line.startswith(("│", "┃"))]
    assert table
    assert max(map(len, table)) <= 60
    assert not re.search(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|9[0-7])m", written)


async def test_completion(tmp_path):
    """The line for a shell's start-up file defines a function, and that knows the commands and their options."""
    script = 'eval "$(_IMGSVC_COMPLETE=bash_source imgsvc)"; complete -p imgsvc'
    defined = await shell(tmp_path, script)
    asked = await shell(
        tmp_path, "COMP_WORDS='imgsvc check-url --re' COMP_CWORD=2 _IMGSVC_COMPLETE=bash_complete imgsvc"
    )

    assert (defined[0], asked[0]) == (0, 0)
    assert defined[1].startswith("complete ")
    assert asked[1] == "plain,--resolve\n"
