"""The end of a process that does not come to its end."""

import subprocess
import sys
import threading

import pytest

from imgsvc.app import last_resort
from imgsvc.app.last_resort import EXIT_STUCK, LastResort

STUCK = """
import threading
from imgsvc.app import last_resort

last_resort.GRACE_SECONDS = 0.1
with last_resort.LastResort() as resort:
    resort.begin(0.0)
    threading.Thread(target=threading.Event().wait).start()
    threading.Event().wait()
"""


@pytest.fixture(autouse=True)
def _without_grace(monkeypatch):
    monkeypatch.setattr(last_resort, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(last_resort, "LOG_SECONDS", 0.01)


def test_an_end_that_takes_too_long(caplog):
    """It is ended, and the log says so."""
    ended, codes = threading.Event(), []

    with LastResort(lambda code: (codes.append(code), ended.set())) as resort:
        resort.begin(0.01)
        assert ended.wait(5)

    assert codes == [EXIT_STUCK]
    assert "a thread does not stop" in caplog.text


def test_an_end_in_time():
    """Nothing happens, and the thread that watched is gone."""
    codes = []

    with LastResort(codes.append) as resort:
        resort.begin(60)
        (watching,) = [each for each in threading.enumerate() if each.name == "last-resort"]
    watching.join(5)

    assert (codes, watching.is_alive()) == ([], False)


def test_a_thread_that_does_not_stop():
    """A process that the interpreter would wait for is over all the same."""
    process = subprocess.run([sys.executable, "-c", STUCK], timeout=60, check=False)

    assert process.returncode == EXIT_STUCK
