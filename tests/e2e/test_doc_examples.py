"""What the documents tell a reader to type works, beside a running service."""

import re
from pathlib import Path

import pytest

from tests.support.markdown import CONSOLE, HTTP, ROOT, Example, examples, pages
from tests.support.seaweed import seaweed  # noqa: F401 - a fixture
from tests.support.stage import Stage, stage

pytestmark = pytest.mark.early

OWN = ("commands.md",)
"""Pages whose examples are run by tests of their own, beside what they are made from."""

RUN = [page for page in pages() if page.name not in OWN and any(example.is_run() for example in examples(page))]
MIGRATING = ROOT / "docs" / "migrating.md"
HERE = re.compile(r"`(/(?:_next|api|icon|logo|s2)\b[^`{…]*[?/][^`{…]*)`(?! at your host)")
"""An address of ours that can be asked for: a path with what is asked for, and no placeholder."""


UNTRUE = (
    Example(ROOT, 1, "sh", "imgsvc check-url https://elsewhere.test/\n"),
    Example(ROOT, 2, "sh", "imgsvc --version\n", exit_code=1),
    Example(ROOT, 3, CONSOLE, "$ imgsvc --version\nimgsvc, version 99\n"),
    Example(ROOT, 4, CONSOLE, "$ imgsvc --version\n…\n$ echo a\nb\n"),
    Example(ROOT, 5, HTTP, "GET /api/cache/images HTTP/1.1\n"),
    Example(ROOT, 6, HTTP, "GET /api/health HTTP/1.1\n\nHTTP/1.1 503 Service Unavailable\n"),
    Example(ROOT, 7, HTTP, "GET /api/health HTTP/1.1\n\nHTTP/1.1 200 OK\nContent-Type: text/html\n"),
)
"""Examples that say what is not so."""


async def tried(place: Stage, example: Example) -> None:
    """Try one."""
    await (place.ask if example.language == HTTP else place.run)(example)


@pytest.fixture
def s3(page: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the settings of a real S3 to a page whose commands want one; the bucket is named by the commands."""
    if not any("S3_BUCKET=" in example.text for example in examples(page) if example.is_run()):
        return {}
    values = request.getfixturevalue("seaweed").values("")
    return {name: value for name, value in values.items() if name != "S3_BUCKET"}


@pytest.mark.timeout(300)  # a page is up to thirty processes, one after the other
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
async def test_the_examples_of_a_page(page, tmp_path, s3):
    """Commands end and print as the page says, from top to bottom in one folder; requests are answered."""
    async with stage(tmp_path, **s3) as place:
        for example in examples(page):
            if example.is_run():
                try:
                    await tried(place, example)
                except AssertionError as error:
                    raise AssertionError(f"{example}: {error}") from error


async def test_addresses_for_those_who_come_from_elsewhere(tmp_path):
    """Each address that the page gives for one of another service is answered, by a picture or what is known of one."""
    targets = [target for target in HERE.findall(MIGRATING.read_text()) if "?" in target or target.startswith("/logo/")]
    assert len(targets) > 20
    async with stage(tmp_path) as place:
        answers = {target: await place.get(target) for target in targets}

    assert {
        t: a for t, a in answers.items() if a[0] != 200 or not a[1].startswith(("image/", "application/json"))
    } == {}


async def test_figures_that_the_operator_is_told_to_watch(tmp_path):
    """Each figure that the page names is one that the service gives."""
    page = (ROOT / "docs" / "operations.md").read_text()
    named = set(re.findall(r"`((?:memory|caches|queue|sources|replicas|coalescing|refusals)(?:\.\w+)*)`", page))
    async with stage(tmp_path) as place:
        figures = await place.json("/api/health/metrics")

    assert len(named) > 10
    for name in named:
        found = figures
        for step in name.split("."):
            assert step in found, name
            found = found[step]


async def test_what_is_not_so_is_noticed(tmp_path):
    """Wrong ends, other output, another status and other headers than those shown are faults."""
    async with stage(tmp_path) as place:
        for example in UNTRUE:
            with pytest.raises(AssertionError):
                await tried(place, example)
