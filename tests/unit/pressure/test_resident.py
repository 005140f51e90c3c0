"""The reader against the kernel and real child processes."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from imgsvc.pressure.resident import resident_reader, rss_elsewhere, rss_of_linux

MIB = 1024 * 1024


def rss_of(pid: int | str) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def worker():
    """A process that holds 40 MiB until it is ended."""
    script = "held = b'x' * (40 << 20); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_this_process():
    """Without workers it is what the kernel says of this process."""
    assert resident_reader()() == pytest.approx(rss_of("self"), rel=0.2)


def test_workers_count(worker):
    """A worker is added while it is named, and counts nothing once it is dead."""
    pids = [worker.pid]
    read, alone = resident_reader(lambda: pids), resident_reader()
    assert read() - alone() == pytest.approx(rss_of(worker.pid), abs=MIB)
    assert read() - alone() > 40 * MIB

    pids.clear()
    assert read() - alone() == pytest.approx(0, abs=MIB)

    pids.append(worker.pid)
    assert read() - alone() > 40 * MIB
    worker.kill()
    worker.wait()
    assert read() - alone() == pytest.approx(0, abs=MIB)


def test_a_process_that_never_was():
    """A number that is no process counts nothing, at the first look too."""
    beyond = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
    assert resident_reader(lambda: [beyond])() == pytest.approx(rss_of("self"), rel=0.2)


def test_no_more_files(worker):
    """Where no more files can be opened, this process is as large as it was, and no worker ends the reading."""
    read = resident_reader(lambda: [worker.pid])
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        seen = read()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

    assert seen == pytest.approx(rss_of("self"), rel=0.2)


@pytest.mark.parametrize("read", [rss_of_linux, rss_elsewhere])
def test_each_way_to_read(worker, read):
    """With psutil or without it is what the kernel says; a process that has ended is an error of the system."""
    assert read(worker.pid) == pytest.approx(rss_of(worker.pid), abs=MIB)
    worker.kill()
    worker.wait()
    with pytest.raises(OSError, match=str(worker.pid)):
        read(worker.pid)


async def test_it_may_be_called_on_the_loop(worker):
    """Reading, a new worker included, is no blocking call."""
    assert resident_reader(lambda: [worker.pid])() > 40 * MIB
