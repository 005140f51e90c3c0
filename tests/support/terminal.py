"""Commands on a pseudo-terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.process import python_environment


def on_a_terminal(folder: Path, env: Mapping[str, str], *arguments: str) -> str:
    """Run a command on a pseudo-terminal and give what it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "imgsvc", *arguments],
        cwd=folder, env=python_environment({"TERM": "xterm", "COLUMNS": "200", **env}), stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # how Linux says that nobody has the other end any more
        pass
    finally:
        os.close(ours)
        process.wait(60)
    return written.decode()
