"""A bare aiohttp application beside pyvips: what the start of the service is compared with."""

import asyncio

import pyvips  # noqa: F401 - loaded, and no more
from aiohttp import web


async def healthy(_request: web.Request) -> web.Response:
    """Answer a probe."""
    return web.json_response({"status": "healthy"})


async def main() -> None:
    """Serve on a free port; say which."""
    app = web.Application()
    app.router.add_get("/api/health", healthy)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"bare listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
