"""The environment that is worked out, what is set in the running process, and what is found on a machine."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc import allocator
from imgsvc.allocator import (
    BEFORE_LIBRARIES,
    GLIBC_SETTINGS,
    JEMALLOC_SETTINGS,
    RESTARTED,
    AllocatorMissingError,
    Libraries,
    allocator_environment,
    find_libraries,
    in_force,
    start_again,
)

JEMALLOC = "/lib/libjemalloc.so.2"
BOTH = Libraries(jemalloc=JEMALLOC, glibc=True)
GLIBC = Libraries(jemalloc=None, glibc=True)
NEITHER = Libraries(jemalloc=None, glibc=False)
WITH_JEMALLOC = {**JEMALLOC_SETTINGS, "LD_PRELOAD": JEMALLOC}


@pytest.mark.parametrize(
    ("choice", "libraries", "added"),
    [
        ("auto", BOTH, WITH_JEMALLOC),
        ("auto", GLIBC, GLIBC_SETTINGS),
        ("auto", NEITHER, None),
        ("jemalloc", BOTH, WITH_JEMALLOC),
        ("glibc", BOTH, GLIBC_SETTINGS),
        ("system", BOTH, None),
        ("tcmalloc", BOTH, None),
    ],
)
def test_what_is_added(choice, libraries, added):
    """Each choice adds its variables to those that are there, or nothing at all."""
    environment = allocator_environment(choice, {"HOME": "/h"}, libraries)

    assert environment == (None if added is None else {"HOME": "/h", **added})


@pytest.mark.parametrize(("choice", "libraries"), [("jemalloc", GLIBC), ("glibc", NEITHER)])
def test_what_is_asked_for_by_name_must_be_there(choice, libraries):
    """A name is not silently taken for another."""
    with pytest.raises(AllocatorMissingError, match=choice):
        allocator_environment(choice, {}, libraries)


def test_other_preloaded_libraries_stay():
    """What is preloaded already comes after jemalloc, which is not preloaded twice."""
    environment = allocator_environment("auto", {"LD_PRELOAD": "/a.so /b.so"}, BOTH)
    own = allocator_environment("jemalloc", {"LD_PRELOAD": "/a.so:/opt/libjemalloc.so"}, GLIBC)

    assert environment["LD_PRELOAD"] == f"{JEMALLOC}:/a.so /b.so"
    assert own["LD_PRELOAD"] == "/a.so:/opt/libjemalloc.so"


@pytest.mark.parametrize("libraries", [BOTH, GLIBC])
def test_another_preloaded_allocator_is_a_choice(libraries):
    """``auto`` leaves a process alone that has been given tcmalloc; ``jemalloc`` by name does not."""
    preloaded = {"LD_PRELOAD": "/lib/libtcmalloc.so.4"}

    assert allocator_environment("auto", preloaded, libraries) is None
    assert allocator_environment("jemalloc", preloaded, BOTH)["LD_PRELOAD"].startswith(f"{JEMALLOC}:")


@pytest.mark.parametrize(("choice", "added"), [("glibc", GLIBC_SETTINGS), ("system", {})])
def test_jemalloc_goes_where_another_is_named(choice, added):
    """An image that preloads it can still be told otherwise; what else is preloaded stays."""
    alone = {"LD_PRELOAD": "libjemalloc.so.2", "HOME": "/h"}
    beside = {"LD_PRELOAD": "/a.so:libjemalloc.so.2 /b.so"}

    assert allocator_environment(choice, alone, BOTH) == {"HOME": "/h", **added}
    assert allocator_environment(choice, beside, BOTH) == {"LD_PRELOAD": "/a.so:/b.so", **added}


GROWS = """
import ctypes, os, sys
from imgsvc.allocator import find_libraries, start_again

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "mapped_blocks", *"abcdef")]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype, libc.malloc.restype, libc.free.argtypes = Info, ctypes.c_void_p, [ctypes.c_void_p]
start_again(sys.argv[1], os.environ, find_libraries(), lambda environ: sys.exit("started again"))
libc.free(libc.malloc(20 << 20))
before = libc.mallinfo2().mapped_blocks
libc.malloc(1 << 20)
print(libc.mallinfo2().mapped_blocks - before, *(name for name in os.environ if name.startswith("MALLOC_")))
"""
"""Say how many blocks of 1 MiB are mapped, and so given back when they are freed, after a larger one has been freed."""


@pytest.mark.skipif(not find_libraries().glibc, reason="needs glibc")
@pytest.mark.parametrize(
    ("choice", "given", "mapped", "inherited"),
    [
        ("system", {}, 0, set()),
        ("glibc", {}, 1, set(GLIBC_SETTINGS)),
        ("glibc", {"MALLOC_MMAP_THRESHOLD_": "4194304"}, 0, set(GLIBC_SETTINGS)),
        ("glibc", {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4194304"}, 0, set(GLIBC_SETTINGS)),
    ],
)
def test_glibc_is_set_in_the_running_process(choice, given, mapped, inherited):
    """Nothing starts again for it, children get it too, and what the user has set stays in force."""
    command = [sys.executable, "-c", GROWS, choice]
    said = subprocess.run(command, env=given, capture_output=True, text=True, check=True).stdout.split()

    assert int(said[0]) == mapped
    assert set(said[1:]) == inherited


def test_what_glibc_cannot_set_is_had_by_a_second_start():
    """Where jemalloc goes or comes, the program starts with all variables; where nobody may, it stays as it is."""
    restarts = []
    start_again("glibc", {"LD_PRELOAD": JEMALLOC}, BOTH, restarts.append)
    start_again("glibc", {"LD_PRELOAD": f"/a.so:{JEMALLOC}"}, BOTH, restarts.append)
    start_again("jemalloc", {}, BOTH, restarts.append)
    start_again("glibc", {"LD_PRELOAD": JEMALLOC}, BOTH, None)

    started = {RESTARTED: str(os.getpid()), **BEFORE_LIBRARIES}
    assert restarts == [
        {**started, **GLIBC_SETTINGS},
        {**started, **GLIBC_SETTINGS, "LD_PRELOAD": "/a.so"},
        {**started, **WITH_JEMALLOC},
    ]


VARIABLES = st.sampled_from([*GLIBC_SETTINGS, *JEMALLOC_SETTINGS, "LD_PRELOAD", "PATH"])
VALUES = st.sampled_from(["", "1", "x:y", "/a.so", "/opt/libjemalloc.so.2"])


@given(
    choice=st.sampled_from(["auto", "jemalloc", "glibc", "system"]),
    environ=st.dictionaries(VARIABLES, VALUES),
    libraries=st.sampled_from([BOTH, GLIBC]),
)
def test_the_users_own_values_win_and_once_is_enough(choice, environ, libraries):
    """No variable that is set changes, a preload loses only jemalloc, and a second reckoning wants nothing more."""
    try:
        environment = allocator_environment(choice, environ, libraries)
    except AllocatorMissingError:
        return
    if environment is None:
        return
    assert environment != environ
    for name in environ.keys() - {"LD_PRELOAD"}:
        assert environment[name] == environ[name]
    given = environ.get("LD_PRELOAD", "")
    assert environment.get("LD_PRELOAD", "").endswith("" if "jemalloc" in given else given)
    assert allocator_environment(choice, environment, libraries) is None


def elf(*, bits: int, machine: bytes) -> bytes:
    """Begin an ELF file: where a loader looks first."""
    return b"\x7fELF" + bytes([bits // 32, 1]) + bytes(12) + machine


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Run as a 64-bit program on Linux; give the folder that libraries are looked for in."""
    program = tmp_path / "python"
    program.write_bytes(elf(bits=64, machine=b"\x3e\0"))
    monkeypatch.setattr(allocator.sys, "executable", str(program))
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    return tmp_path


def put(folder, *, bits: int = 64, machine: bytes = b"\x3e\0") -> str:
    """Put a library into a new folder."""
    folder.mkdir()
    (folder / "libjemalloc.so.2").write_bytes(elf(bits=bits, machine=machine))
    return str(folder / "libjemalloc.so.2")


def test_only_what_the_interpreter_can_load_is_found(machine):
    """Libraries of another word size or machine are passed over, and so is a link to nothing."""
    put(machine / "a", bits=32)
    put(machine / "b", machine=b"\xb7\0")
    (machine / "c").mkdir()
    (machine / "c" / "libjemalloc.so.2").symlink_to("gone")
    expected = put(machine / "d")

    assert find_libraries([f"{machine}/*"]).jemalloc == expected


def test_the_first_folder_wins(machine):
    """An administrator's own build goes before the distribution's."""
    put(machine / "a")
    own = put(machine / "own")

    assert find_libraries([f"{machine}/own", f"{machine}/*"]).jemalloc == own
    assert find_libraries([f"{machine}/none"]).jemalloc is None


def test_other_systems_have_nothing_to_choose_from(machine, monkeypatch):
    """Only Linux preloads in this way."""
    put(machine / "a")
    monkeypatch.setattr(allocator.sys, "platform", "darwin")

    assert find_libraries([f"{machine}/*"]) == NEITHER


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_another_c_library(machine, monkeypatch, error):
    """A C library that does not know glibc's name is not glibc."""

    def confstr(_name):
        raise error

    monkeypatch.setattr(allocator.os, "confstr", confstr)

    assert not find_libraries([]).glibc


def test_what_is_in_force(tmp_path, monkeypatch):
    """What is mapped counts before what the environment says."""
    monkeypatch.setattr(allocator.os, "confstr", lambda _name: "glibc 2.36")
    maps = tmp_path / "maps"
    maps.write_text("7f00-7f01 r-xp 0 fe:01 1 /usr/lib/libc.so.6\n")
    loaded = tmp_path / "loaded"
    loaded.write_text(f"7f00-7f01 r-xp 0 fe:01 1 {JEMALLOC}\n")

    assert in_force(WITH_JEMALLOC, loaded) == "jemalloc"
    assert in_force(WITH_JEMALLOC, maps) == "system"
    assert in_force({**GLIBC_SETTINGS, "MALLOC_ARENA_MAX": "8"}, maps) == "glibc, tuned"
    assert in_force({}, tmp_path / "missing") == "system"


def test_a_system_that_forbids_the_second_start(monkeypatch):
    """Then the program goes on as it is."""

    def execve(*_arguments):
        raise PermissionError

    monkeypatch.setattr(allocator.os, "execve", execve)

    allocator.restart({})
