"""The process that serves: its socket, its signals, its end."""

import asyncio
import gc
import logging
import resource
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from aiohttp import web

from imgsvc.app.composition import Opened, open_services
from imgsvc.app.last_resort import LastResort
from imgsvc.app.listening import listen
from imgsvc.app.supervisor import NOBODY, READY, STOPPING, Supervisor
from imgsvc.origin.trust import platform_trust
from imgsvc.services.health import Phase
from imgsvc.settings import Settings
from imgsvc.transform.warming import warm_up
from imgsvc.web.late import LateHandlers
from imgsvc.web.line_writer import LineWriter
from imgsvc.web.logs import access_log_class
from imgsvc.web.routes import LATE, make_application
from imgsvc.web.server import make_runner
from imgsvc.web.tracing import Tracing

log = logging.getLogger("imgsvc")

OPEN_FILES = 65536
"""As many as one process can want: clients, sources, idle connections to hosts that may be asked again, spools."""

LOAD_AFTER_SECONDS = 0.5
"""Loading takes the interpreter from the loop for some milliseconds at a time: probes and first requests go before."""


async def serve(
    settings: Settings,
    *,
    demo: bool,
    log: LineWriter,
    json_log: bool,
    announce: Callable[[str, int], None],
    supervisor: Supervisor = NOBODY,
    traced: bool = False,
) -> None:
    """
    Serve until SIGTERM or SIGINT, then end in good order.

    Args:
        settings: all of them.
        demo: whether to serve sample pictures too.
        log: gets a line a request; stays the caller's to close.
        json_log: whether these are JSON, or text for people.
        announce: told host and port once requests are answered.
        supervisor: who started the process; sockets that it hands over are listened on, and no other.
        traced: whether to send traces where the environment says.

    Raises:
        CannotListenError: the address cannot be listened on.
        SettingsError: a setting needs a package that is not installed.
    """
    allow_open_files()
    with LastResort() as last_resort, _set_by_signals() as stop:
        async with (
            supervisor.reassured(),
            _tracing(traced=traced) as tracing,
            open_services(settings, demo=demo, tracing=tracing) as opened,
        ):
            app = make_application(opened.services)
            seconds = settings.server.shutdown_timeout_seconds
            log_class = access_log_class(json_log=json_log)
            runner = make_runner(app, shutdown_timeout_seconds=seconds, access_log=log, access_log_class=log_class)
            try:
                await runner.setup()
                await listen(runner, settings.server.host, settings.server.port, supervisor.sockets)
                _be_ready(opened, runner)
                announce(*runner.addresses[0][:2])
                supervisor.tell(READY)
                await _loading_rest(app[LATE], stop)
                supervisor.tell(STOPPING)
                last_resort.begin(settings.server.drain_delay_seconds + seconds)
                await _drain(opened, settings)
            finally:
                await runner.cleanup()


@contextmanager
def _set_by_signals() -> Iterator[asyncio.Event]:
    """
    Give what SIGTERM and SIGINT set from now on; behind the block they do nothing any more.

    Handlers of the loop would be taken away as it closes, and a second signal in the last moments of an end in good
    order would kill the process, and be its exit code.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    try:
        yield stop
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)


def _be_ready(opened: Opened, runner: web.AppRunner) -> None:
    for address in runner.addresses:  # a name such as localhost may have several
        opened.guard.listening(*address[:2])
    gc.freeze()
    opened.services.health.phase = Phase.READY


async def _loading_rest(late: LateHandlers, stop: asyncio.Event) -> None:
    """Wait for *stop*, and have the rest loaded meanwhile."""
    loading = asyncio.create_task(_load_rest(late))
    await stop.wait()
    gc.enable()  # if the loading has not come to it
    loading.cancel()


async def _load_rest(late: LateHandlers) -> None:
    """
    Load, in a thread, what the start did not wait for, once whoever waited for the start has had a moment with it.

    First the codecs, in case the first picture has not come yet. Who asks for the rest meanwhile waits for the same
    loading. Where it fails that is logged, and whoever asks has it tried again. What is loaded by then stays: the
    collector, which works from here on, need not look at it. Once it does, for what requests have left meanwhile shall
    not stay; at what was there when the service became ready it does not.
    """
    await asyncio.sleep(LOAD_AFTER_SECONDS)
    rest: Mapping[str, Callable[[], Awaitable[object]]] = {
        "codecs": partial(asyncio.to_thread, warm_up),
        "certificates": partial(asyncio.to_thread, platform_trust),
        "logos and share pictures": late.load,
    }
    for named, load in rest.items():
        try:
            await load()
        except Exception:
            log.exception("%s could not be loaded", named)
    gc.collect()
    gc.freeze()
    gc.enable()


async def _drain(opened: Opened, settings: Settings, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Say that the end has come, and go on serving until balancers have heard of it; then the end's time runs."""
    opened.ending.begin()
    opened.services.health.phase = Phase.DRAINING
    await pause(settings.server.drain_delay_seconds)
    opened.ending.let_time_run()


@asynccontextmanager
async def _tracing(*, traced: bool) -> AsyncIterator[Tracing | None]:
    if not traced:
        yield None
        return
    tracing = await asyncio.to_thread(Tracing.open)
    try:
        yield tracing
    finally:
        await tracing.aclose()


def allow_open_files() -> None:
    """
    Raise the soft limit of open files as far as may be; it is 1,024 on many machines, for the sake of select(2).

    Where it is reached, it would be sources that seem to fail.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
