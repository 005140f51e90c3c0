"""A bare aiohttp server: one handler, given bytes and headers; what a memory hit is compared with."""

import asyncio
import json
import sys
from pathlib import Path

from aiohttp import web
from multidict import CIMultiDict

from imgsvc.web.line_writer import LineWriter
from imgsvc.web.logs import AccessLog


async def main(folder: Path, *, with_headers: bool) -> None:
    """Serve ``body`` with ``headers.json`` of *folder* at every path; print the port."""
    body = (folder / "body").read_bytes()
    headers = json.loads((folder / "headers.json").read_text()) if with_headers else []

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers=CIMultiDict(headers))

    app = web.Application()
    app.router.add_get("/{tail:.*}", handler)
    writer = LineWriter(sys.stderr, AccessLog.known_lines) if with_headers else None
    log = {"access_log": None} if writer is None else {"access_log": writer, "access_log_class": AccessLog}
    runner = web.AppRunner(app, **log)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"bare listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), with_headers=sys.argv[2] == "headers"))
