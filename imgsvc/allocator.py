"""
Who gives this process its memory: decided before anything is loaded, if need be by a second start of the interpreter.

A decode takes tens of MiB and frees them; what the allocator keeps of them counts against the budget as if it were in
use. Another allocator can only be had before a process begins. So the command line works out the environment it should
have been started with and, where it differs, replaces itself by the same command in that environment: same process id,
same open files. Where only glibc's own settings are missing it sets them in the running process instead. The figures
behind each choice: ``docs/decisions/0011-allocator.md``.

What comes before the second start comes on top of every start: this module imports what the interpreter has loaded
anyway, and so does without dataclasses, paths, patterns and contexts, which take longer than all that it does.
"""

import os
import sys
from _collections_abc import Callable, Iterator, Mapping, MutableMapping, Sequence  # without the package around it
from types import SimpleNamespace

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

GLIBC_OPTIONS = {"MALLOC_ARENA_MAX": -8, "MALLOC_MMAP_THRESHOLD_": -3, "MALLOC_TRIM_THRESHOLD_": -1}
"""The same for a process that runs, by what mallopt(3) takes: M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD."""

RESTARTED = "_IMGSVC_RESTARTED"
"""Set for the second start, to the process's id: no third one follows, and a child that inherits it is not misled."""

BEFORE_LIBRARIES = {"VIPS_CONCURRENCY": "1"}
"""What libraries read once, when they are loaded: one thread of libvips' a pipeline, for many run side by side."""

Restart = Callable[[Mapping[str, str]], None]
"""Starts the program once more, with the environment it is given."""

_FOLDERS = ("/usr/local/lib", "/usr/lib/*", "/usr/lib64", "/usr/lib")


class AllocatorMissingError(Exception):
    """The allocator asked for by name is not on this machine."""


class Libraries(SimpleNamespace):
    """
    What this machine has.

    Attributes:
        jemalloc: path of a jemalloc that this interpreter can load; None = there is none.
        glibc: whether the interpreter runs on glibc.
    """

    jemalloc: str | None
    glibc: bool


def find_libraries(folders: Sequence[str] = _FOLDERS) -> Libraries:
    """
    Look for what there is; starts no process and loads nothing.

    Args:
        folders: the first that has jemalloc wins; one that ends in ``/*`` stands for all folders in it, by name.
    """
    if sys.platform != "linux":
        return Libraries(jemalloc=None, glibc=False)
    kind = _elf_kind(sys.executable)
    found = (f"{folder}/libjemalloc.so.2" for given in folders for folder in _meant(given))
    jemalloc = next((path for path in found if kind and _elf_kind(path) == kind), None)
    return Libraries(jemalloc=jemalloc, glibc=_on_glibc())


def start_again(choice: str, environ: MutableMapping[str, str], libraries: Libraries, restart: Restart | None) -> None:
    """
    Set what is read once: by libraries when they are loaded, by an allocator before the interpreter runs.

    Args:
        choice: as :func:`allocator_environment` takes it.
        environ: this process's environment, which is added to.
        libraries: what there is to choose from.
        restart: does not return, as a rule; None = the process stays as it is.

    Raises:
        AllocatorMissingError: *choice* names one that is not there.
    """
    for name, value in BEFORE_LIBRARIES.items():
        environ.setdefault(name, value)
    wanted = allocator_environment(choice, environ, libraries)
    if restart is None or wanted is None:
        return
    missing = {name: value for name, value in wanted.items() if environ.get(name) != value}
    process_id = str(os.getpid())  # stays the same
    if wanted == {**environ, **missing} and set_glibc(missing, environ):
        environ.update(missing)
    elif environ.get(RESTARTED) != process_id:
        restart({**wanted, RESTARTED: process_id})


def set_glibc(settings: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """
    Set glibc's allocator in the running process, which has no second thread yet.

    Args:
        settings: by the names of their variables; what GLIBC_TUNABLES has of them stays.
        environ: has that, or not.

    Returns:
        Whether all of them are in force; False also where one is none of glibc's.
    """
    if not settings.keys() <= GLIBC_OPTIONS.keys():
        return False
    from ctypes import CDLL  # noqa: PLC0415 - where the interpreter starts a second time it comes too early

    mallopt, tunables = CDLL(None).mallopt, environ.get("GLIBC_TUNABLES", "")
    return all(
        mallopt(GLIBC_OPTIONS[name], int(value))
        for name, value in settings.items()
        if f".{name.removeprefix('MALLOC_').strip('_').lower()}=" not in tunables
    )


def allocator_environment(choice: str, environ: Mapping[str, str], libraries: Libraries) -> dict[str, str] | None:
    """
    Give the environment the process should have been started with.

    What the user has set stays as it is, but for a jemalloc that is preloaded, as in the image, where another allocator
    is asked for by name. ``auto`` also respects another one that is preloaded.

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
        wanted = {**GLIBC_SETTINGS, **_without_jemalloc(environ)}
    elif choice == "system":
        wanted = _without_jemalloc(environ)
    else:
        return None
    return None if wanted == dict(environ) else wanted


def restart(environment: Mapping[str, str]) -> None:
    """Replace this process by the same command in *environment*; returns only where the system forbids that."""
    try:
        # argv[0] in full: the interpreter finds its virtual environment by it.
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - our own command line
    except OSError:  # forbidden by a sandbox: serving with another allocator beats not serving
        return


def in_force(environ: Mapping[str, str], maps: str = "/proc/self/maps") -> str:
    """
    Name the allocator this process runs on: what is loaded counts, not what was asked for.

    Args:
        environ: the environment it was started with.
        maps: lists what is mapped into the process.
    """
    try:
        with open(maps, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - see the module
            has_jemalloc = "jemalloc" in file.read()
    except OSError:
        has_jemalloc = False
    if has_jemalloc:
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


def _without_jemalloc(environ: Mapping[str, str]) -> dict[str, str]:
    preloaded = environ.get("LD_PRELOAD", "")
    if "jemalloc" not in preloaded:
        return dict(environ)
    others = [library for library in preloaded.replace(":", " ").split() if "jemalloc" not in library]
    rest = {name: value for name, value in environ.items() if name != "LD_PRELOAD"}
    return {**rest, "LD_PRELOAD": ":".join(others)} if others else rest


def _meant(folder: str) -> Iterator[str]:
    parent, star, _ = folder.partition("/*")
    if not star:
        yield folder
        return
    try:
        names = sorted(os.listdir(parent or "/"))  # noqa: PTH208 - see the module
    except OSError:
        return
    yield from (f"{parent}/{name}" for name in names)


def _on_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (ValueError, OSError):  # other C libraries do not know the name
        return False


def _elf_kind(path: str) -> bytes:
    """Give word size, byte order and machine of a program or library: what must be equal to load one into the other."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - see the module
            head = file.read(20)
    except OSError:
        return b""
    return head[4:6] + head[18:20]
