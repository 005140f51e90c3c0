"""What a serving process sees to before it serves."""

import resource

import pytest

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
