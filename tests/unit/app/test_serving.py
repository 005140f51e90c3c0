"""What a serving process sees to before it serves."""

import gc
import resource
import weakref

import pytest

from imgsvc.app import serving
from imgsvc.app.serving import OPEN_FILES, allow_open_files


@pytest.fixture
def hard():
    """The hard limit; the soft one is put back at the end."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_files_may_be_open(hard):
    """The soft limit is raised as far as the hard one lets it, and never lowered."""
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    allow_open_files()
    raised = resource.getrlimit(resource.RLIMIT_NOFILE)

    allow_open_files()

    assert raised == resource.getrlimit(resource.RLIMIT_NOFILE) == (most, hard)


class Loading:
    """Stands for what is loaded behind the start; meanwhile a request leaves what only the collector can free."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error
        self.left: weakref.ref[object] | None = None

    async def load(self) -> None:
        """Take its time."""
        request = type("Request", (), {})()
        request.itself = request
        self.left = weakref.ref(request)
        del request  # the error would hold it
        if self._error is not None:
            raise self._error


@pytest.fixture
def collector_off(monkeypatch):
    """No collector, as at the start; afterwards it is as before."""
    monkeypatch.setattr(serving, "LOAD_AFTER_SECONDS", 0)
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("collector_off")
@pytest.mark.parametrize("error", [None, OSError("too many open files")])
async def test_the_collector_works_once_all_is_loaded(error):
    """Whether the loading went well or not; and what requests left meanwhile is gone, not frozen."""
    loading = Loading(error)

    await serving._load_rest(loading)

    assert loading.left() is None
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
