"""The composition root: everything opens in order, and whatever happens everything closes again."""

import asyncio
import gc
import os
import signal
import sys
import threading

import psutil
import pytest

from imgsvc.app import answering, composition, make_store, open_services, parts, serve
from imgsvc.errors import Draining, StoreError
from imgsvc.model.source import Source
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services.answers import ImageRequest
from imgsvc.services.health import Phase
from imgsvc.settings import Settings, SettingsError
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.store.s3 import S3Store
from tests.support.origin import ScriptedOrigin
from tests.support.service import Lines, environment
from tests.support.spine import png

pytestmark = pytest.mark.slow

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
# The loop's own threads stay for others to use, and a test's name server has no thread of ours.
SHARED_THREADS = ("asyncio_", "MainThread", "pytest")


def settings(tmp_path, origin_port: int = 9, **env: str) -> Settings:
    return Settings.from_env(environment(tmp_path, origin_port, **env))


def threads() -> set[str]:
    return {t.name for t in threading.enumerate() if not t.name.startswith(SHARED_THREADS)}


def open_files() -> set[str]:
    return {file.path for file in psutil.Process().open_files()}


class Leftovers:
    """What this process has open, before and after."""

    def __init__(self) -> None:
        self.before = self._all()

    @staticmethod
    def _all() -> dict[str, set]:
        tasks = {task.get_name() for task in asyncio.all_tasks()}
        children = {child.pid for child in psutil.Process().children()}
        return {"tasks": tasks, "threads": threads(), "children": children, "files": open_files()}

    def check(self) -> None:
        gc.collect()
        after = self._all()
        left = {name: after[name] - self.before[name] for name in after}
        assert not any(left.values()), left


async def use(opened, origin: ScriptedOrigin) -> None:
    """Make each owner do something: fetch, draw in the worker, transform, store."""
    origin.serve("/a.svg", SVG)
    origin.serve("/a.png", png())
    for path in ("/a.svg", "/a.png"):
        request = ImageRequest(Source(origin.url(path)), TransformSpec(output=Output.PNG, width=5))
        assert (await opened.services.images.get(request)).blob.data


async def test_a_store_that_hangs_at_the_start(tmp_path, monkeypatch, caplog):
    """A store that takes connections and says nothing delays the start by seconds, and is asked again behind it."""
    monkeypatch.setattr(parts, "MARKS_SECONDS", 0.1)
    asked = asyncio.Queue()

    async def hang(_reader, writer):
        asked.put_nowait(writer)

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_services(settings(tmp_path, S3_BUCKET="b", S3_ENDPOINT_URL=url)) as opened:
            assert opened.services.health is not None
        while not asked.empty():
            asked.get_nowait().close()

    assert "purges of before are not known yet: the store did not answer within 0.1 s" in caplog.text


async def test_everything_is_closed(tmp_path):
    """After use no task, thread, child process or open file is left, and what was to be stored is."""
    async with ScriptedOrigin() as origin:
        leftovers = Leftovers()
        async with open_services(settings(tmp_path, origin.port)) as opened:
            await use(opened, origin)
            assert all(hasattr(owner, "statistics") for owner in opened.owners.values())
        await origin.until_open_connections(0)
        await asyncio.sleep(0)
        leftovers.check()

    assert len([path for path in (tmp_path / "store").rglob("*") if path.is_file()]) == 6
    assert not [path for path in (tmp_path / "store" / ".tmp").rglob("*") if path.is_file()]


async def test_work_in_flight_ends_with_the_services(tmp_path):
    """Who still waits at the end is told so; fetch and flight are dropped."""
    async with ScriptedOrigin() as origin:
        origin.stall_before_head("/slow.png")
        leftovers = Leftovers()
        async with open_services(settings(tmp_path, origin.port)) as opened:
            request = ImageRequest(Source(origin.url("/slow.png")), TransformSpec(output=Output.PNG))
            waiting = asyncio.create_task(opened.services.images.get(request))
            await origin.until_hits("/slow.png")
        with pytest.raises(Draining):
            await waiting
        await origin.until_open_connections(0)
        await asyncio.sleep(0)
        leftovers.check()


async def test_an_error_of_the_user_closes_all_the_same(tmp_path):
    """An exception inside the block comes out as it is, after everything was closed."""
    leftovers = Leftovers()
    with pytest.raises(ZeroDivisionError):
        async with open_services(settings(tmp_path)):
            raise ZeroDivisionError
    await asyncio.sleep(0)
    leftovers.check()


async def test_a_missing_package_is_a_settings_fault(tmp_path, monkeypatch):
    """With a Redis URL and without the package opening fails with a line that names both, and leaves nothing."""
    monkeypatch.setitem(sys.modules, "imgsvc.cache.shared", None)
    leftovers = Leftovers()
    with pytest.raises(SettingsError) as error:
        async with open_services(settings(tmp_path, IMGSVC_REDIS_URL="redis://127.0.0.1/0")):
            pass

    assert error.value.faults[0].startswith("IMGSVC_REDIS_URL: ")
    assert "redis" in error.value.faults[0]
    leftovers.check()


@pytest.mark.parametrize("broken", ["SvgRenderer", "TransformPool", "Originals", "MemoryMonitor", "AccessService"])
async def test_opening_that_fails_half_way(tmp_path, monkeypatch, broken):
    """Wherever opening stops, what was open by then is closed."""

    def fails(*_args, **_options):
        raise OSError("no more of this")

    module = next(module for module in (composition, parts, answering) if hasattr(module, broken))
    monkeypatch.setattr(module, broken, fails)
    leftovers = Leftovers()
    with pytest.raises(OSError, match="no more"):
        async with open_services(settings(tmp_path)):
            pass
    await asyncio.sleep(0)
    leftovers.check()


@pytest.mark.slow
async def test_a_store_folder_that_cannot_be_made(tmp_path):
    """A store that cannot be used does not keep the service from opening: it answers, and says that it is degraded."""
    (tmp_path / "store").write_text("a file")
    async with ScriptedOrigin() as origin, open_services(settings(tmp_path, origin.port)) as opened:
        opened.services.health.phase = Phase.READY
        await use(opened, origin)
        with pytest.raises(StoreError):
            await opened.owners["store"].ping()
        async with asyncio.timeout(60):
            while "store-failing" not in opened.services.health.report().reasons:
                await asyncio.sleep(0.001)


async def test_the_backend_is_chosen_by_the_bucket(tmp_path):
    """``S3_BUCKET`` makes it S3, nothing makes it a folder; neither is touched before its first use."""
    folder = make_store(settings(tmp_path).store)
    bucket = make_store(settings(tmp_path, S3_BUCKET="b", S3_ENDPOINT_URL="http://127.0.0.1:9").store)

    assert (type(folder), type(bucket)) == (FilesystemStore, S3Store)
    await folder.aclose()
    await bucket.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_serve_knows_all_its_addresses(tmp_path, monkeypatch, host):
    """Whatever name it listens by, every address behind it counts as the service itself."""
    told: list[tuple[str, int]] = []
    guards: list[tuple[str, int]] = []
    listening = composition.LoopGuard.listening

    def noted(guard, at: str, port: int) -> None:
        guards.append((at, port))
        listening(guard, at, port)

    def announce(at: str, port: int) -> None:
        told.append((at, port))
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(composition.LoopGuard, "listening", noted)
    leftovers = Leftovers()
    chosen = settings(tmp_path, IMGSVC_HOST=host, IMGSVC_PORT="0")
    async with asyncio.timeout(60):
        await serve(chosen, demo=False, log=Lines(), json_log=True, announce=announce)
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)

    assert len(told) == 1
    assert told[0] in guards
    assert len(guards) == len({at for at, _ in guards}) == len(await loop.getaddrinfo(host, 0, type=1))
    leftovers.check()


async def test_at_the_end_nothing_is_begun_behind_answers(tmp_path):
    """A stale picture is still answered while answers run out; its source is not asked any more."""
    async with ScriptedOrigin() as origin:
        origin.serve("/a.png", png())
        async with open_services(settings(tmp_path, origin.port, IMGSVC_MIN_TTL="0")) as opened:
            request = ImageRequest(Source(origin.url("/a.png")), TransformSpec(output=Output.PNG, width=5))
            await opened.services.images.get(request)
            opened.ending.begin()
            stale = await opened.services.images.get(request)
            refused = opened.owners["revalidations"].statistics().refused

    assert (stale.stale, refused) == (True, 1)
    assert origin.hits("/a.png") == 1
