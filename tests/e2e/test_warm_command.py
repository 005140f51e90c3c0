"""``imgsvc warm`` from outside: a process, a scripted origin, a store."""

import asyncio
import signal
import sys

import pytest

from imgsvc.app import open_services
from imgsvc.model.formats import ImageFormat, sniff
from imgsvc.services.answers import ImageRequest, Tier
from imgsvc.settings import Settings
from imgsvc.web.layout import Hints
from imgsvc.web.logos.parameters import LOGO
from imgsvc.web.logos.params import parse_logo_query
from imgsvc.web.params import parse_image_query
from tests.support.logos import HTML, PNG, mark
from tests.support.origin import ScriptedOrigin
from tests.support.process import python_environment, run
from tests.support.service import environment

CHROME = Hints(accept="image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8")


def settings_of(tmp_path, origin: ScriptedOrigin, **env: str) -> dict[str, str]:
    """Give settings under which nothing is allowed, and every name is the origin."""
    more = {"IMGSVC_LOGO_GOOGLE_URL": "", "IMGSVC_LOGO_DUCKDUCKGO_URL": "", "IMGSVC_ALLOWED_HOSTS": ""}
    return environment(tmp_path, origin.port, **more, **env)


async def warm(tmp_path, origin: ScriptedOrigin, *arguments: str, **env: str) -> tuple[int, list[str], str]:
    code, out, err = await run(tmp_path, "warm", *arguments, **settings_of(tmp_path, origin, **env))
    return code, out.splitlines(), err


def site(origin: ScriptedOrigin) -> None:
    """Script a site with one icon, and a picture; both may be kept."""
    origin.serve("/", b'<link rel="apple-touch-icon" href="/icon.png">', headers=HTML)
    for path in ("/icon.png", "/a.png"):
        origin.serve(path, mark(300), headers=PNG | {"Cache-Control": "max-age=9999"})


async def test_what_was_warmed_is_in_the_store_when_the_process_has_ended(tmp_path):
    """Another process answers original, widths and logos as browsers ask for them from the store, without a fetch."""
    async with ScriptedOrigin() as origin:
        site(origin)
        url = origin.url("/a.png")
        (tmp_path / "l").write_text(f"# pictures\n{url}\n\n# logos\nacme.test\n")
        options = ("--width", "64", "--size", "32", "--theme", "dark", "--theme", "none")
        # With no time for AVIF a service would answer WebP first; here nobody waits.
        code, out, _ = await warm(tmp_path, origin, "l", *options, IMGSVC_AVIF_BUDGET="0")
        asked = len(origin.requests)

        assert (code, out) == (0, ["2 done, 0 skipped, 0 failed"])
        async with open_services(Settings.from_env(settings_of(tmp_path, origin))) as opened:
            for query in (f"url={url}&f=original", f"url={url}&w=64"):
                question = parse_image_query(query, CHROME)
                served = await opened.services.images.get(ImageRequest(question.source, question.spec))
                assert (served.tier, served.hit) == (Tier.STORE, True)
            assert sniff(served.blob.data) is ImageFormat.AVIF
            for query in ("website=acme.test&size=32", "website=acme.test&size=32&theme=dark"):
                logos = (await opened.services.annexe.get()).logos
                answer = await logos.find(parse_logo_query(query, CHROME, LOGO).about(logos.subject("acme.test")))
                assert (answer.source, answer.served.tier, answer.served.hit) == (
                    "apple-touch-icon", Tier.STORE, True,
                )  # fmt: skip
        assert len(origin.requests) == asked


async def test_a_second_run_goes_on_where_the_first_ended(tmp_path):
    """Lines that are done are passed over, those that failed are tried again; another width makes all of them due."""
    async with ScriptedOrigin() as origin:
        site(origin)
        (tmp_path / "l").write_text(f"{origin.url('/a.png')}\n{origin.url('/b.png')}\n")
        first = await warm(tmp_path, origin, "l")
        assert (first[0], first[1][:2]) == (1, ["1 done, 0 skipped, 1 failed", "source-not-found: 1"])
        assert f"  {origin.url('/b.png')}: " in first[1][2]

        origin.serve("/b.png", mark(40), headers=PNG)
        second = await warm(tmp_path, origin, "l")
        assert second[:2] == (0, ["1 done, 1 skipped, 0 failed"])
        assert (origin.hits("/a.png"), origin.hits("/b.png")) == (1, 2)

        assert (await warm(tmp_path, origin, "l"))[1] == ["0 done, 2 skipped, 0 failed"]
        assert (await warm(tmp_path, origin, "l", "--width", "10"))[1] == ["2 done, 0 skipped, 0 failed"]
        assert (await warm(tmp_path, origin, "l", "--again"))[1] == ["2 done, 0 skipped, 0 failed"]
        assert (await warm(tmp_path, origin, "l", "--state", "other"))[1] == ["2 done, 0 skipped, 0 failed"]
    assert (tmp_path / "other").read_text().count("\n") == 2


async def test_the_policys_other_rules_hold(tmp_path):
    """Neither list nor signature is needed; private addresses, ports and schemes stay closed, each with its code."""
    lines = ("http://169.254.169.254/latest", "http://127.0.0.1:22/", "ftp://a.test/x", "192.0.2.1", "nowhere.test")
    async with ScriptedOrigin() as origin:
        (tmp_path / "l").write_text("\n".join(lines))
        code, out, err = await warm(tmp_path, origin, "l")

    assert (code, out[0]) == (1, "0 done, 0 skipped, 5 failed")
    assert {line for line in out[1:] if not line.startswith("  ")} == {
        "bad-domain: 2", "address-not-public: 1", "port-not-allowed: 1", "logo-not-found: 1",
    }  # fmt: skip
    assert err.splitlines()[-1].startswith("4 of 5, ")
    assert origin.hits("/latest") == 0


async def test_what_may_not_be_kept_is_not_done(tmp_path):
    """A source that forbids storing cannot be warmed, and that is said."""
    async with ScriptedOrigin() as origin:
        origin.serve("/a.png", mark(40), headers=PNG | {"Cache-Control": "no-store"})
        (tmp_path / "l").write_text(origin.url("/a.png"))
        code, out, _ = await warm(tmp_path, origin, "l")

    assert (code, out[:2]) == (1, ["0 done, 0 skipped, 1 failed", "not-kept: 1"])


async def test_what_could_not_be_stored_is_not_done(tmp_path):
    """Where the store takes nothing a line has failed, however well its picture was made."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "images").write_text("in the way")
    async with ScriptedOrigin() as origin:
        site(origin)
        (tmp_path / "l").write_text(origin.url("/a.png"))
        code, out, _ = await warm(tmp_path, origin, "l")

    assert (code, out[:2]) == (1, ["0 done, 0 skipped, 1 failed", "not-stored: 1"])
    assert not (tmp_path / "l.warmed").read_text()


async def test_a_large_original_is_stored_whole_or_not_done(tmp_path):
    """What is never whole in memory goes into the store while it is read; one that breaks off has failed."""
    large = mark(200) + bytes(3_000_000)  # what follows a picture's end is part of its file
    async with ScriptedOrigin() as origin:
        origin.serve("/large.png", large, headers=PNG | {"Cache-Control": "max-age=9999"})
        origin.reset_mid_body("/broken.png", large)
        (tmp_path / "l").write_text(f"{origin.url('/large.png')}\n{origin.url('/broken.png')}")
        threshold = {"IMAGE_STREAM_THRESHOLD_BYTES": "65536"}
        code, out, err = await warm(tmp_path, origin, "l", **threshold)
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "images").write_text("in the way")
        full = await warm(
            tmp_path, origin, "l", "--again", **threshold, IMGSVC_STORE_DIR=str(tmp_path / "elsewhere")
        )  # fmt: skip

    assert (code, out[:2]) == (1, ["1 done, 0 skipped, 1 failed", "source-failed: 1"]), err
    assert [path.stat().st_size >= len(large) for path in (tmp_path / "store").rglob("original*")] == [True]
    assert full[1][0] == "0 done, 0 skipped, 2 failed"
    assert "not-stored: 1" in full[1]


@pytest.mark.usefixtures("interruptible")
async def test_ctrl_c_keeps_what_was_done(tmp_path):
    """SIGINT ends it with 130 and the counts so far; what was done stays noted, and the next run does the rest."""
    async with ScriptedOrigin() as origin:
        site(origin)
        gate = origin.gate("/held.png", mark(40))
        (tmp_path / "l").write_text(f"{origin.url('/a.png')}\n{origin.url('/held.png')}\n")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "imgsvc", "warm", "l", "--at-once", "1",
            cwd=tmp_path, env=python_environment(settings_of(tmp_path, origin)),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await origin.until_hits("/held.png")
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        gate.set()

        assert process.returncode == 130
        assert out.decode() == "interrupted: 1 done, 0 skipped, 0 failed\n"
        assert "Traceback" not in err.decode()
        assert (await warm(tmp_path, origin, "l"))[:2] == (0, ["1 done, 1 skipped, 0 failed"])
        assert origin.hits("/a.png") == 1


async def test_standard_input_has_no_state_unless_one_is_named(tmp_path):
    """``-`` reads lines from standard input; --state gives them a memory."""
    async with ScriptedOrigin() as origin:
        site(origin)
        said = []
        for options in ((), ("--state", "s"), ("--state", "s")):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "imgsvc", "warm", "-", *options,
                cwd=tmp_path, env=python_environment(settings_of(tmp_path, origin)),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said.append((await process.communicate(origin.url("/a.png").encode()))[0].decode().strip())

    assert said == ["1 done, 0 skipped, 0 failed"] * 2 + ["0 done, 1 skipped, 0 failed"]
    assert {path.name for path in tmp_path.iterdir()} == {"store", "s"}


async def test_files_that_are_none(tmp_path):
    """A missing file, one that is no text, and a list that cannot be written are a line each, before any work."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "l").write_text("acme.test")
    async with ScriptedOrigin() as origin:
        missing = await warm(tmp_path, origin, "missing")
        binary = await warm(tmp_path, origin, "binary")
        state = await warm(tmp_path, origin, "l", "--state", "no/folder")
        assert not origin.requests

    assert [answer[0] for answer in (missing, binary, state)] == [2, 2, 1]
    assert all("Traceback" not in answer[2] for answer in (missing, binary, state))
    assert state[2].startswith("imgsvc: no/folder: ")


async def test_serve_loads_nothing_of_it():
    """What draws on terminals is loaded by these commands alone, and they are when they are asked for."""
    listed = "sorted(name for name in sys.modules if name.startswith('imgsvc.commands.'))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"import sys, imgsvc.cli, imgsvc.app; print('rich' in sys.modules, {listed})",
        env=python_environment({}), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip

    needed = [f"imgsvc.commands.{name}" for name in ("environment", "program", "serving", "streams")]
    assert (await process.communicate())[0].decode() == f"False {needed}\n"
