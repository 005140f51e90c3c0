"""``imgsvc card`` from outside: a process, a scripted site, files."""

import asyncio
import io
import sys

from PIL import Image

from tests.support.logos import HTML, PNG, mark, page
from tests.support.origin import ScriptedOrigin
from tests.support.process import python_environment, run
from tests.support.service import environment

NO_SERVICES = {"IMGSVC_LOGO_GOOGLE_URL": "", "IMGSVC_LOGO_DUCKDUCKGO_URL": ""}
BLUE = (37, 99, 235)


def site(origin: ScriptedOrigin) -> None:
    """Script a site with a colour, a logo, and a picture of its own that must not be answered."""
    head = ('<meta name="theme-color" content="rgb(37 99 235)">', '<meta property="og:image" content="/own.png">',
            '<link rel="apple-touch-icon" href="/icon.png">')  # fmt: skip
    origin.serve("/", page(*head, title="Hello from Acme"), headers=HTML)
    origin.serve("/icon.png", mark(180, "#c80000"), headers=PNG)
    origin.serve("/own.png", mark(400, "#0f0", "#0f0"), headers=PNG)


def settings(tmp_path, origin: ScriptedOrigin) -> dict[str, str]:
    return environment(tmp_path, origin.port, **NO_SERVICES)


async def test_a_card_is_drawn_and_written(tmp_path):
    """It has the page's colour and the site's logo, and its size; a line tells what it is."""
    async with ScriptedOrigin() as origin:
        site(origin)
        code, out, err = await run(
            tmp_path, "card", "http://acme.test/", "-o", "a.png", **settings(tmp_path, origin)
        )  # fmt: skip

    image = Image.open(io.BytesIO((tmp_path / "a.png").read_bytes()))
    assert (code, out, err) == (0, "", "acme.test: og-card, 1200 x 630 png; written to a.png\n")
    assert (image.size, image.getpixel((600, 625))) == ((1200, 630), BLUE)
    assert (200, 0, 0) in {colour for _, colour in image.crop((80, 72, 176, 168)).getcolors(1 << 16)}


async def test_words_sides_and_standard_output(tmp_path):
    """Another kind, other words and a smaller size are other bytes; ``-o -`` writes them and nothing else."""
    async with ScriptedOrigin() as origin:
        site(origin)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "imgsvc", "card", "http://acme.test/", "-o", "-", "--format", "jpg", "--kind",
            "company", "--title", "Zorblax", "--width", "600", cwd=tmp_path,
            env=python_environment(settings(tmp_path, origin)),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()

    image = Image.open(io.BytesIO(out))
    assert (process.returncode, image.format, image.size) == (0, "JPEG", (600, 315))
    assert err.decode() == "acme.test: company, 600 x 315 jpg\n"


async def test_a_page_that_cannot_be_read_has_a_card(tmp_path):
    """It is drawn of what is known, and the line says why it is no more."""
    async with ScriptedOrigin() as origin:
        code, _, err = await run(tmp_path, "card", "http://acme.test/gone", **settings(tmp_path, origin))

    assert code == 0
    assert "the page could not be read: The source answered 404." in err
    assert (tmp_path / "acme.test-card.png").exists()


async def test_what_makes_no_sense(tmp_path):
    """A stored picture, another scheme and an unknown extension are a line and exit code 2; no file is written."""
    async with ScriptedOrigin() as origin:
        for arguments in (["s3://images/image/a"], ["file:///etc/hosts"], ["acme.test", "-o", "x.bmp"]):
            code, out, err = await run(tmp_path, "card", *arguments, **settings(tmp_path, origin))
            assert (code, out) == (2, "")
            assert len(err.splitlines()) <= 4

    assert not [*tmp_path.glob("*.png"), *tmp_path.glob("*.bmp")]
