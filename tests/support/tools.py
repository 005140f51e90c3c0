"""Programs that some tests start; and what real servers have in common."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from ctypes import CDLL
from pathlib import Path
from typing import NoReturn

import pytest

from imgsvc.transform.typefaces import is_seen, missing_scripts


def require_tool(*names: str) -> Path:
    """Find the first of these programs; without one the test is skipped, or fails where CI says it must be there."""
    beside_python = str(Path(sys.executable).parent)
    path = os.pathsep.join((beside_python, os.environ.get("PATH", "")))
    for name in names:
        if found := shutil.which(name, path=path):
            return Path(found)
    return _do_without(f"{' or '.join(names)} is not installed")


def require_library(name: str) -> None:
    """Go on only where the system has this library; likewise."""
    try:
        CDLL(name)
    except OSError:
        _do_without(f"{name} is not installed")


def require_scripts(*scripts: str) -> None:
    """Go on only where the system's fonts have these scripts; likewise."""
    if missing := sorted(set(scripts) & set(missing_scripts())):
        _do_without(f"no font has {', '.join(missing)}")


def require_letters(letters: str) -> None:
    """Go on only where the system's fonts have all of these; likewise."""
    if missing := [letter for letter in letters if not is_seen(letter)]:
        _do_without(f"no font has {' '.join(missing)}")


def _do_without(message: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def free_ports(count: int) -> list[int]:
    """Find ports on loopback that nobody listens at, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]


@contextmanager
def running(arguments: Sequence[str | Path], folder: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in *folder*, its output in ``log`` there; at the end it and all it started are killed."""
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), **env}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            arguments, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
