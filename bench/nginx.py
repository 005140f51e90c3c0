"""nginx serving one file with given headers and the service's access log; what a memory hit is compared with."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.support.nginx import answered, in_folder, temporary_paths
from tests.support.tools import free_ports, running

OF_ITS_OWN = {"accept-ranges", "content-type", "x-request-id"}
"""Headers that it gives by itself, or that are written into the configuration."""

LOG = (
    '{"time": $msec, "level": "info", "message": "request", "request_id": "$request_id", "method": "$request_method", '
    '"path": "$uri", "status": $status, "bytes": $bytes_sent, "ms": $request_time, "client": "$remote_addr", '
    '"cache": "$sent_http_x_cache", "tier": "$sent_http_x_source"}'
)
"""The facts of the service's own line for a hit."""

# One worker, as the service is one process. What its manual and its packages advise: sendfile with tcp_nopush, the open
# file remembered, the log buffered.
CONF = """
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    {temporary_paths}
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 65;
    keepalive_requests 1000000000;
    open_file_cache max=100 inactive=10m;
    server_tokens off;
    etag off;
    log_format facts escape=json '{log}';
    access_log {folder}/access.log facts buffer=64k flush=1s;
    server {{
        listen 127.0.0.1:{port};
        location = {path} {{
            alias {folder}/body;
            types {{ }}
            default_type {content_type};
            {headers}
            add_header X-Request-Id $request_id;
        }}
    }}
}}
"""


def program() -> str | None:
    """Find it; None where it is not installed."""
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


@asynccontextmanager
async def static_nginx(folder: Path, path: str, headers: Sequence[tuple[str, str]]) -> AsyncIterator[int]:
    """Serve *folder*'s ``body`` at *path* with these headers until the block ends; gives its port."""
    (port,) = free_ports(1)
    types = [value for name, value in headers if name.lower() == "content-type"]
    others = [f"add_header {n} {_quoted(v)};" for n, v in headers if n.lower() not in OF_ITS_OWN]
    conf = folder / "nginx.conf"
    text = CONF.format(
        temporary_paths=temporary_paths(folder), log=LOG, folder=folder, port=port, path=path, content_type=types[0],
        headers="\n".join(others),
    )  # fmt: skip
    conf.write_text(in_folder(folder) + text)
    with running([program(), "-c", conf], folder):
        async with aiohttp.ClientSession() as session:
            await answered(session, f"http://127.0.0.1:{port}{path}")
        yield port


def _quoted(value: str) -> str:
    if "$" in value:
        raise ValueError(f"nginx would take a variable for it: {value}")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
