"""What a systemd unit forbids, for a process that systemd did not start: the unit's system calls and its W^X rule."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.tools import require_library, require_tool

# Runs in the child: argv[1] = names of system calls, comma-separated, then the command. Two filters, as systemd loads
# them: all else is EPERM; no page that is written is executed (mmap(2), mprotect(2); MASKED_EQ is 7 in libseccomp).
_ENTER = """
import ctypes, errno, os, sys
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM

class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("mask", ctypes.c_uint64), ("value", ctypes.c_uint64)]

def load(otherwise, action, rules):
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(otherwise)))
    for name, some in rules:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # else this kind of processor has no such call
            seccomp.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(some), (Compare * 1)(*some))
    if seccomp.seccomp_load(context) != 0:
        sys.exit("the filter cannot be loaded")

load(ALLOW, REFUSE, [("mmap", [Compare(2, 7, 6, 6)]), ("mprotect", [Compare(2, 7, 4, 4)])])
load(REFUSE, ALLOW, [(name, []) for name in sys.argv[1].split(",")])
os.execv(sys.argv[2], sys.argv[2:])
"""


def sandboxed(unit: Path, command: Sequence[str]) -> list[str]:
    """Give the command line that runs *command* with no more than *unit* allows of system calls and of memory."""
    require_library("libseccomp.so.2")
    lines = [line.partition("=") for line in unit.read_text().splitlines()]
    filters = [value for name, _, value in lines if name == "SystemCallFilter"]
    assert ("MemoryDenyWriteExecute", "=", "yes") in lines
    allowed: set[str] = set()
    for value in filters:
        if value.startswith("~"):
            allowed -= _calls(value[1:])
        else:
            allowed |= _calls(value)
    return [sys.executable, "-c", _ENTER, ",".join(sorted(allowed)), *command]


def _calls(words: str) -> set[str]:
    """Expand the sets among *words*, as systemd does it."""
    names: set[str] = set()
    for word in words.split():
        names |= _members(word) if word.startswith("@") else {word}
    return names


def _members(name: str) -> set[str]:
    command = [require_tool("systemd-analyze"), "syscall-filter", "--no-pager", name]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return _calls(" ".join(line for line in listed.splitlines()[1:] if not line.strip().startswith("#")))
