"""``imgsvc logo`` from outside: a process, a scripted site, files."""

import asyncio
import io
import json
import sys

import pytest
from PIL import Image

from tests.support.logos import HTML, PNG, SVG, mark, mark_svg
from tests.support.origin import ScriptedOrigin
from tests.support.process import python_environment, run
from tests.support.service import environment
from tests.support.terminal import on_a_terminal

NO_SERVICES = {"IMGSVC_LOGO_GOOGLE_URL": "", "IMGSVC_LOGO_DUCKDUCKGO_URL": ""}
PAGE = b"""<!doctype html><title>Acme</title>
<link rel="icon" href="/small.png" sizes="32x32"><link rel="apple-touch-icon" href="/large.png" sizes="180x180">"""


def site(origin: ScriptedOrigin) -> None:
    """Script a site with two icons, black on nothing."""
    origin.serve("/", PAGE, headers=HTML)
    origin.serve("/large.png", mark(180), headers=PNG)
    origin.serve("/small.png", mark(32), headers=PNG)


async def ask(tmp_path, origin: ScriptedOrigin, *arguments: str) -> tuple[int, str, str]:
    return await run(tmp_path, "logo", *arguments, **environment(tmp_path, origin.port, **NO_SERVICES))


def picture(path) -> Image.Image:
    """Read a picture, and close its file."""
    return Image.open(io.BytesIO(path.read_bytes()))


def ink(path) -> tuple[int, ...]:
    """Give the colour of the mark's first bar."""
    image = picture(path).convert("RGBA")
    return image.getpixel((image.width * 3 // 10, image.height // 2))


async def test_a_logo_is_found_and_written(tmp_path):
    """The file has the logo in its own size, by the domain's name where none was said; a line tells what it is."""
    async with ScriptedOrigin() as origin:
        site(origin)
        code, out, err = await ask(tmp_path, origin, "https://www.acme.test/about")

    assert (code, out) == (0, "")
    assert err == "acme.test: apple-touch-icon, 180 x 180 png; written to acme.test.png\n"
    assert picture(tmp_path / "acme.test.png").size == (180, 180)
    assert ink(tmp_path / "acme.test.png") == (0, 0, 0, 255)


async def test_a_black_logo_is_adapted_to_a_dark_page(tmp_path):
    """Its ink turns white, what is around it stays transparent, and the line says what was seen and done."""
    async with ScriptedOrigin() as origin:
        site(origin)
        code, _, err = await ask(tmp_path, origin, "acme.test", "--theme", "dark", "--size", "64", "-o", "dark.webp")

    image = picture(tmp_path / "dark.webp")
    assert (code, image.format, image.size) == (0, "WEBP", (64, 64))
    assert "64 x 64 webp, contrast 1.1 on dark -> adapted" in err
    red, green, blue, alpha = ink(tmp_path / "dark.webp")
    assert min(red, green, blue) > 240
    assert alpha == 255
    assert image.getpixel((0, 0))[3] == 0


async def test_standard_output_and_what_is_known_already(tmp_path):
    """``-o -`` writes the picture and nothing else; a second process asks the site only for ``--refresh``."""
    async with ScriptedOrigin() as origin:
        site(origin)
        await ask(tmp_path, origin, "acme.test")
        hits = origin.hits("/")
        settings = environment(tmp_path, origin.port, **NO_SERVICES)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "imgsvc", "logo", "acme.test", "-o", "-", "--format", "jpg",
            cwd=tmp_path, env=python_environment(settings),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert origin.hits("/") == hits
        await ask(tmp_path, origin, "acme.test", "--refresh")
        assert origin.hits("/") == hits + 1

    assert process.returncode == 0
    assert Image.open(io.BytesIO(out)).format == "JPEG"
    assert err.decode() == "acme.test: apple-touch-icon, 180 x 180 jpg, contrast 21.0 on light -> as it is\n"


async def test_no_logo(tmp_path):
    """A site without one is a line and exit code 1 and no file, or a letter that is said to be one."""
    async with ScriptedOrigin() as origin:
        origin.serve("/", b"<title>None</title>", headers=HTML)
        code, out, err = await ask(tmp_path, origin, "none.test")
        files = set(tmp_path.glob("*.png"))
        letter = await ask(tmp_path, origin, "none.test", "--fallback", "monogram")
        company = await ask(tmp_path, origin, "--company", "Nobody Of That Name")

    assert (code, out, err, files) == (1, "", "imgsvc: no logo found for none.test\n", set())
    assert letter[0] == 0
    assert "none.test: monogram, 256 x 256 png, because no logo was found" in letter[2]
    assert picture(tmp_path / "none.test.png").size == (256, 256)
    assert (company[0], company[2]) == (1, "imgsvc: no logo found for Nobody Of That Name\n")


async def test_a_drawing_is_written_as_it_is_and_only_that(tmp_path):
    """``.svg`` gets the sanitised drawing; where the logo is pixels that is an error, and no file."""
    async with ScriptedOrigin() as origin:
        origin.serve("/", b'<link rel="icon" href="/i.svg" type="image/svg+xml">', headers=HTML)
        origin.serve("/i.svg", mark_svg("#c00"), headers=SVG)
        drawing = await ask(tmp_path, origin, "drawn.test", "-o", "drawn.svg")
        site(origin)
        pixels = await ask(tmp_path, origin, "acme.test", "-o", "pixels.svg")

    assert drawing[0] == 0
    assert b"#c00" in (tmp_path / "drawn.svg").read_bytes()
    assert pixels[0] == 1
    assert "the logo of acme.test is png, not svg" in pixels[2]
    assert not (tmp_path / "pixels.svg").exists()


async def test_the_table_and_the_json_say_why(tmp_path):
    """All candidates come, the best first and marked; with no file named none is written."""
    async with ScriptedOrigin() as origin:
        site(origin)
        code, table, _ = await ask(tmp_path, origin, "acme.test", "--explain")
        _, text, _ = await ask(tmp_path, origin, "acme.test", "--json")
        origin.serve("/", b"", status=404)
        missing = await ask(tmp_path, origin, "none.test", "--explain", "--size", "16")

    lines, explained = table.splitlines(), json.loads(text)
    assert code == 0
    assert lines[2].split()[:6] == ["1", "apple-touch-icon", "180", "180", "x", "180"]
    assert "chosen: size +" in lines[2]
    assert len(lines) == len(explained["candidates"]) + 2
    assert explained["chosen"] == explained["candidates"][0]["url"] == "http://acme.test/large.png"
    assert not list(tmp_path.glob("*.png"))
    assert missing[0] == 1
    assert "rejected: unreachable" in missing[1]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("acme",), 2, "A single label is no domain"),
        (("acme.test", "--bg", "nonsense"), 2, "bg takes a hex colour"),
        (("acme.test", "-o", "x.gif"), 2, "--format"),
        (("acme.test", "--size", "8"), 2, "--size"),
        (("acme.test", "-o", "no/folder/x.png"), 1, "cannot be written"),
    ],
)
async def test_mistakes_are_a_line(tmp_path, arguments, code, said):
    """The exit code tells a mistake in the command line from a failure, and there is never a traceback."""
    async with ScriptedOrigin() as origin:
        site(origin)
        ended, out, err = await ask(tmp_path, origin, *arguments)

    assert (ended, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


async def test_a_terminal_gets_a_status_line_and_a_table(tmp_path):
    """While it searches a line says so, and the table has lines around it; neither is written into a file."""
    async with ScriptedOrigin() as origin:
        site(origin)
        env = environment(tmp_path, origin.port, **NO_SERVICES)
        written = await asyncio.to_thread(on_a_terminal, tmp_path, env, "logo", "acme.test", "--explain")

    assert "Looking for the logo of acme.test" in written
    assert "┃" in written
    assert "chosen: size +" in written


async def test_a_terminal_gets_a_bar(tmp_path):
    """Warming on a terminal draws a bar with counts and failures, and the summary stands below it."""
    async with ScriptedOrigin() as origin:
        site(origin)
        (tmp_path / "l").write_text(f"acme.test\n{origin.url('/missing.png')}\n")
        env = environment(tmp_path, origin.port, **NO_SERVICES)
        written = await asyncio.to_thread(on_a_terminal, tmp_path, env, "warm", "l")

    assert "━" in written
    assert "2/2" in written
    assert "1 failed" in written
    assert "1 done, 0 skipped, 1 failed" in written.splitlines()[-3]
