"""The program from outside: start, serve, signals, settings, commands."""

import asyncio
import os
import re
import signal
from contextlib import suppress

import aiohttp
import pytest

from tests.support.origin import ScriptedOrigin
from tests.support.process import run, service_process
from tests.support.service import IMAGES, environment


async def test_it_says_where_it_listens_and_serves(tmp_path):
    """``serve --demo`` prints one line with its address and answers a resized picture, offline."""
    async with service_process(tmp_path, "--demo") as service, aiohttp.ClientSession() as session:
        assert re.fullmatch(r"imgsvc \d+\.\d+\.\d+ listening on http://127\.0\.0\.1:\d+\n", service.lines[0])
        parameters = {"url": f"{service.base_url}/demo/landscape.jpg", "w": "320"}
        async with session.get(service.base_url + IMAGES, params=parameters) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "image/jpeg"
        assert await service.end() == 0

    assert (tmp_path / "var" / "store").is_dir()


async def test_sigterm_lets_running_answers_finish(tmp_path):
    """An answer that is being made when SIGTERM comes is finished and stored; then the exit code is 0."""
    async with ScriptedOrigin() as origin, aiohttp.ClientSession() as session:
        gate = origin.gate("/a.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
        async with service_process(tmp_path, **environment(tmp_path, origin.port)) as service:
            url = origin.url("/a.svg")
            asking = asyncio.create_task(session.get(service.base_url + IMAGES, params={"url": url, "f": "original"}))
            await origin.until_hits("/a.svg", 1)
            service.process.send_signal(signal.SIGTERM)
            gate.set()
            response = await asking
            assert response.status == 200
            assert b"<svg" in await response.read()
            async with asyncio.timeout(60):
                assert await service.process.wait() == 0

    assert [path.name for path in (tmp_path / "store").rglob("*") if path.is_file()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_up_to_the_very_end_change_nothing(tmp_path, number):
    """Whoever sends the signal again and again, as people do with Ctrl-C, sees an end in good order: exit code 0."""
    async with service_process(tmp_path) as service, asyncio.timeout(60):
        while service.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(service.process.pid, number)  # asyncio's own asks for the exit code first, and may take it away
            await asyncio.sleep(0.001)
        assert service.process.returncode == 0


async def test_draining_is_seen_by_the_balancer(tmp_path):
    """With a drain delay health says 503 at once while requests are still taken."""
    async with (
        service_process(tmp_path, IMGSVC_DRAIN_DELAY="100") as service,
        aiohttp.ClientSession() as session,
    ):
        service.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            while True:
                async with session.get(service.base_url + "/api/health") as response:
                    document = await response.json()
                    if response.status == 503:
                        break

    assert document["status"] == "unhealthy"
    assert "draining" in document["reasons"]


async def test_a_second_service_says_why_it_cannot_start(tmp_path):
    """A port that is taken ends the program with 2 and a line that names the setting."""
    async with service_process(tmp_path) as service:
        port = service.base_url.rpartition(":")[2]
        code, _, err = await run(tmp_path, "serve", "--port", port)

    assert code == 2
    assert "IMGSVC_PORT" in err
    assert "Traceback" not in err


async def test_bad_settings_are_all_told_at_once(tmp_path):
    """Every fault has its line; the exit code is 2."""
    code, out, err = await run(
        tmp_path, IMGSVC_PORT="high", IMGSVC_MIN_TTL="-1", MEMORY_WARNING_THRESHOLD="999999999999"
    )

    assert (code, out) == (2, "")
    for name in ("IMGSVC_PORT", "IMGSVC_MIN_TTL", "MEMORY_WARNING_THRESHOLD"):
        assert any(line.startswith(f"imgsvc: {name}") for line in err.splitlines())


async def test_dotenv_and_unknown_names(tmp_path):
    """``.env`` is read, the environment wins, and an unknown name is a warning with the nearest known one."""
    (tmp_path / ".env").write_text("IMGSVC_PORT=9001\nIMGSVC_HOST=127.0.0.2\nIMGSVC_ADMIN_TOKEN=hidden\n")

    code, out, err = await run(tmp_path, "config", IMGSVC_PORT="9002", IMGSVC_PROT="1")

    settings = dict(line.split("=", 1) for line in out.splitlines())
    assert code == 0
    assert (settings["IMGSVC_PORT"], settings["IMGSVC_HOST"]) == ("9002", "127.0.0.2")
    assert settings["IMGSVC_ADMIN_TOKEN"] == "***"
    assert "hidden" not in out + err
    assert "IMGSVC_PROT is not a setting; did you mean IMGSVC_PORT?" in err


async def test_check_url_explains(tmp_path):
    """``check-url`` exits 0 for what is allowed and 1 for what is not; the last line has the rule."""
    env = {"IMGSVC_ALLOWED_HOSTS": "*.example.com"}

    allowed = await run(tmp_path, "check-url", "https://a.example.com/x.jpg", **env)
    denied = await run(tmp_path, "check-url", "https://example.org/x.jpg", **env)
    private = await run(tmp_path, "check-url", "http://127.0.0.1/", IMGSVC_ALLOWED_HOSTS="*")
    scheme = await run(tmp_path, "check-url", "ftp://a.example.com/", **env)

    assert (allowed[0], denied[0], private[0], scheme[0]) == (0, 1, 1, 1)
    assert allowed[1].splitlines()[-1] == "allowed: IMGSVC_ALLOWED_HOSTS (*.example.com)"
    assert all(answer[1].splitlines()[-1].startswith("denied: ") for answer in (denied, private, scheme))


async def test_sign_makes_paths_that_are_served(tmp_path):
    """What ``sign`` prints is one line, and the service takes it."""
    env = {"IMGSVC_SIGNING_KEYS": "k1,k0"}
    async with ScriptedOrigin() as origin, aiohttp.ClientSession() as session:
        svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
        origin.serve("/a b.svg".replace(" ", "%20"), svg)
        source = origin.url("/a%20b.svg")
        target = f"http://any.host{IMAGES}?w=20&url={source}&f=original"
        code, out, _ = await run(tmp_path, "sign", target, "--expires", "60", **env)
        assert code == 0
        assert out.count("\n") == 1
        settings = environment(tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="", **env)
        async with service_process(tmp_path, **settings) as service:
            async with session.get(service.base_url + out.strip()) as response:
                assert response.status == 200
                assert int(response.headers["Cache-Control"].partition("max-age=")[2]) <= 60
            async with session.get(service.base_url + out.strip().replace("w=20", "w=21")) as response:
                assert response.status == 403


async def test_sign_without_a_key_names_the_setting(tmp_path):
    """Nothing to sign with is a clear error."""
    code, out, err = await run(tmp_path, "sign", "/api/cache/images?url=http://a.test/")

    assert (code, out) == (2, "")
    assert "IMGSVC_SIGNING_KEYS" in err


async def test_killed_at_any_moment_the_store_stays_whole(tmp_path):
    """A service killed while it writes leaves a store from which the next one serves."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="9"><rect width="9" height="9"/></svg>'
    async with ScriptedOrigin() as origin, aiohttp.ClientSession() as session:
        for n in range(30):
            origin.serve(f"/{n}.svg", svg % (n + 1))

        async def ask(base_url: str, n: int) -> int:
            parameters = {"url": origin.url(f"/{n}.svg"), "f": "original"}
            async with session.get(base_url + IMAGES, params=parameters) as response:
                return response.status

        settings = environment(tmp_path, origin.port)
        async with service_process(tmp_path, **settings) as service:
            await asyncio.gather(*(ask(service.base_url, n) for n in range(30)))
            service.process.kill()
            await service.process.wait()
        async with service_process(tmp_path, **settings) as service:
            assert {await ask(service.base_url, n) for n in range(30)} == {200}
            assert await service.end() == 0


async def test_help_is_quick_and_complete(tmp_path):
    """``--help`` lists the commands without loading the service."""
    code, out, _ = await run(tmp_path, "--help")

    assert code == 0
    for command in ("serve", "config", "check-url", "sign"):
        assert command in out
