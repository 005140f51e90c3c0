"""
Who gives this process its memory: decided before the interpreter starts, which therefore starts a second time.

A decode takes tens of MiB and frees them; what the allocator keeps of them counts against the budget as if it were in
use. An allocator and its settings can only be chosen before a process begins. So the command line works out the
environment it should have been started with and, where it differs, replaces itself by the same command in that
environment: same process id, same open files. The figures behind each choice: ``docs/decisions/0011-allocator.md``.
"""

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

JEMALLOC_SETTINGS = {"MALLOC_CONF": "dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:2,background_thread:true"}
"""
Freed pages go back to the system within a second, by a thread of jemalloc's own and so without any call of ours. Two
arenas, because few threads allocate much; jemalloc(3) describes each.
"""

GLIBC_SETTINGS = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""
As few arenas, and both thresholds fixed at what glibc begins with: unset, the first large block that is freed raises
them for good, up to 32 MiB, and blocks below stay in the heap; mallopt(3).
"""

RESTARTED = "_IMGSVC_RESTARTED"
"""Set for the second start, to the process's id: no third one follows, and a child that inherits it is not misled."""

_FOLDERS = ("/usr/local/lib", "/usr/lib/*", "/usr/lib64", "/usr/lib")


class AllocatorMissingError(Exception):
    """The allocator asked for by name is not on this machine."""


@dataclass(frozen=True, slots=True)
class Libraries:
    """
    What this machine has.

    Attributes:
        jemalloc: path of a jemalloc that this interpreter can load; None = there is none.
        glibc: whether the interpreter runs on glibc.
    """

    jemalloc: str | None
    glibc: bool


def find_libraries(folders: Sequence[str] = _FOLDERS) -> Libraries:
    """Look into *folders*, patterns allowed, the first that has jemalloc wins; starts no process and loads nothing."""
    if sys.platform != "linux":
        return Libraries(jemalloc=None, glibc=False)
    kind = _elf_kind(sys.executable)
    found = [path for folder in folders for path in sorted(glob(f"{folder}/libjemalloc.so.2"))]  # noqa: PTH207 - absolute patterns, which Path.glob refuses
    return Libraries(next((path for path in found if kind and _elf_kind(path) == kind), None), glibc=_on_glibc())


def allocator_environment(choice: str, environ: Mapping[str, str], libraries: Libraries) -> dict[str, str] | None:
    """
    Give the environment the process should have been started with.

    What the user has set stays as it is, whatever it is. ``auto`` also respects another allocator that is preloaded.

    Args:
        choice: as IMGSVC_ALLOCATOR has it; one that is none of its values changes nothing.
        environ: the environment the process was started with.
        libraries: what there is to choose from.

    Returns:
        All variables, or None where the process already has what it needs.

    Raises:
        AllocatorMissingError: *choice* names one that is not there.
    """
    preloaded = environ.get("LD_PRELOAD", "")
    if choice == "auto":
        choice = _best(preloaded, libraries)
    if choice == "jemalloc":
        wanted = {**JEMALLOC_SETTINGS, **environ, "LD_PRELOAD": _with_jemalloc(preloaded, libraries)}
    elif choice == "glibc":
        if not libraries.glibc:
            raise AllocatorMissingError("glibc was asked for, and this system's C library is another")
        wanted = {**GLIBC_SETTINGS, **environ}
    else:
        return None
    return None if wanted == dict(environ) else wanted


def restart(environment: Mapping[str, str]) -> None:
    """Replace this process by the same command in *environment*; returns only where the system forbids that."""
    # argv[0] in full: the interpreter finds its virtual environment by it.
    with contextlib.suppress(OSError):  # forbidden by a sandbox: serving with another allocator beats not serving
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - our own command line


def in_force(environ: Mapping[str, str], maps: Path = Path("/proc/self/maps")) -> str:
    """
    Name the allocator this process runs on: what is loaded counts, not what was asked for.

    Args:
        environ: the environment it was started with.
        maps: lists what is mapped into the process.
    """
    with contextlib.suppress(OSError):
        if "jemalloc" in maps.read_text():
            return "jemalloc"
    return "glibc, tuned" if _on_glibc() and environ.keys() >= GLIBC_SETTINGS.keys() else "system"


def _best(preloaded: str, libraries: Libraries) -> str:
    """Choose for ``auto``; a preloaded allocator, all of which have malloc in their names, is the user's choice."""
    if "jemalloc" in preloaded or (libraries.jemalloc and "malloc" not in preloaded):
        return "jemalloc"
    return "glibc" if libraries.glibc and "malloc" not in preloaded else "system"


def _with_jemalloc(preloaded: str, libraries: Libraries) -> str:
    if "jemalloc" in preloaded:
        return preloaded
    if libraries.jemalloc is None:
        raise AllocatorMissingError("jemalloc was asked for, and no libjemalloc.so.2 was found")
    return f"{libraries.jemalloc}:{preloaded}" if preloaded else libraries.jemalloc


def _on_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (ValueError, OSError):  # other C libraries do not know the name
        return False


def _elf_kind(path: str) -> bytes:
    """Give word size, byte order and machine of a program or library: what must be equal to load one into the other."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(20)
    except OSError:
        return b""
    return head[4:6] + head[18:20]
