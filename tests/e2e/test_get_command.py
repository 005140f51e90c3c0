"""``imgsvc get`` from outside: a process, a scripted origin, files."""

import asyncio
import io
import json
import signal
import sys

import pytest
from PIL import Image

from tests.support.logos import PNG, mark
from tests.support.origin import ScriptedOrigin
from tests.support.process import python_environment, run
from tests.support.service import environment
from tests.support.terminal import on_a_terminal


@pytest.fixture
async def origin():
    async with ScriptedOrigin() as server:
        server.serve("/dir/a.png", mark(300), headers=PNG | {"Cache-Control": "max-age=9999"})
        yield server


@pytest.fixture
def settings(tmp_path, origin):
    """Settings under which every name is the origin, and none is on the list."""
    return environment(tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="")


async def test_a_picture_is_made_and_written(tmp_path, origin, settings):
    """The file has size and format that were asked for, a line says what was done; nobody needs a list or signature."""
    code, out, err = await run(
        tmp_path, "get", origin.url("/dir/a.png"), "-o", "a.webp", "--width", "64", "--param", "greyscale=1", **settings
    )  # fmt: skip

    image = Image.open(io.BytesIO((tmp_path / "a.webp").read_bytes()))
    assert (code, out, image.format, image.size) == (0, "", "WEBP", (64, 64))
    said, _, where = err.partition("; ")
    assert said.startswith(
        f"origin.test: 64 x 64 webp, {(tmp_path / 'a.webp').stat().st_size:,} bytes, from origin in "
    )
    assert where == "written to a.webp\n"


async def test_a_second_process_finds_it_in_the_store(tmp_path, origin, settings):
    """Tiers are the service's: what is kept is not fetched again, unless that is asked for; facts come as JSON."""
    url = origin.url("/dir/a.png")
    facts = []
    for more in ((), ("-o", "b.jpg"), ("--refresh",)):
        code, out, err = await run(tmp_path, "get", url, "--format", "jpg", "--json", *more, **settings)
        assert (code, err) == (0, "")
        facts.append(json.loads(out))

    assert [(f["tier"], f["hit"], f["output"], f["refresh"]) for f in facts] == [
        ("origin", False, None, None), ("store", True, "b.jpg", None), ("store", True, None, "done"),
    ]  # fmt: skip
    assert origin.hits("/dir/a.png") == 2
    assert facts[0]["bytes"] == (tmp_path / "b.jpg").stat().st_size
    assert (facts[0]["url"], facts[0]["media_type"], facts[0]["width"]) == (url, "image/jpeg", 300)
    assert {"fetch", "decode", "encode"} <= set(facts[0]["timing_seconds"])
    assert {path.name for path in tmp_path.iterdir()} == {"store", "b.jpg"}


@pytest.mark.parametrize("output", [("-o", "-"), ()])
async def test_standard_output(tmp_path, origin, settings, output):
    """It has the picture and nothing else, by name or, where it is no terminal, by default."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgsvc", "get", origin.url("/dir/a.png"), *output, cwd=tmp_path,
        env=python_environment(settings), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()

    assert (process.returncode, Image.open(io.BytesIO(out)).format) == (0, "PNG")
    assert err.decode().startswith("origin.test: 300 x 300 png, ")


async def test_a_terminal_gets_no_picture(tmp_path, origin, settings):
    """Without -o a line says what to do instead, and nothing is fetched."""
    written = await asyncio.to_thread(on_a_terminal, tmp_path, settings, "get", origin.url("/dir/a.png"))

    assert "name a file with -o" in written
    assert not origin.requests


@pytest.mark.parametrize(
    ("path", "arguments", "code", "problem", "said"),
    [
        ("/none.png", (), 1, "source-not-found", "answered 404"),
        ("/dir/a.png", ("--param", "blur=x"), 2, "bad-parameter", "blur takes"),
        ("/dir/a.png", ("--param", "w=5", "--width", "6"), 2, "bad-parameter", "more than once"),
    ],
)
async def test_failures_have_codes(tmp_path, origin, settings, path, arguments, code, problem, said):
    """A mistake is told from a failure by the exit code; programs get the API's own code, people a line."""
    ended, out, err = await run(tmp_path, "get", origin.url(path), "--json", *arguments, **settings)

    assert (ended, json.loads(out)["error"]["code"]) == (code, problem)
    assert err.startswith("imgsvc: http://origin.test:")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("http://169.254.169.254/latest", "-o", "x.png"), 1, "not public"),
        (("http://127.0.0.1:8080/demo/a.jpg", "-o", "x.png"), 1, "this service itself"),
        (("http://origin.test:22/a.png", "-o", "no/such/x.png"), 1, ""),
        (("s3://images/none/a.png", "-o", "x.png"), 1, "no such object"),
        (("a.png", "-o", "x.txt"), 2, "--format"),
        (("http://a.test/", "--param", "nonsense=1"), 2, "no such parameter"),
    ],
)
async def test_what_keeps_the_service_from_a_url_holds(tmp_path, settings, arguments, code, said):
    """Private addresses, ourselves and keys of no pictures stay closed; no file is written."""
    ended, out, err = await run(tmp_path, "get", *arguments, **settings)

    assert (ended, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("*.*"))


async def test_large_originals_are_whole_or_not_written(tmp_path, origin, settings):
    """What the service would stream is in the file to its last byte; where the source breaks off there is no file."""
    large = mark(200) + bytes(300_000)  # what follows a picture's end is part of its file
    origin.serve("/large.png", large, headers=PNG)
    origin.reset_mid_body("/broken.png", large)
    settings |= {"IMAGE_STREAM_THRESHOLD_BYTES": "65536"}
    ended = []
    for name in ("large", "broken"):
        arguments = (origin.url(f"/{name}.png"), "-o", f"{name}.png", "--format", "original")
        ended.append((await run(tmp_path, "get", *arguments, **settings))[0])

    assert ended == [0, 1]
    assert (tmp_path / "large.png").read_bytes() == large
    assert not (tmp_path / "broken.png").exists()


@pytest.mark.usefixtures("interruptible")
async def test_ctrl_c(tmp_path, origin, settings):
    """SIGINT while the source is read ends it with 130, quietly, and no file is written."""
    origin.stall_before_head("/slow.png")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgsvc", "get", origin.url("/slow.png"), "-o", "x.png", cwd=tmp_path,
        env=python_environment(settings), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await origin.until_hits("/slow.png")
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(60):
        out, err = await process.communicate()

    assert (process.returncode, out, err) == (130, b"", b"")
    assert not (tmp_path / "x.png").exists()
