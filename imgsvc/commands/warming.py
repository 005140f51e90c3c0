"""
Warming: everything is asked for as clients will ask for it, and counts as done when the store has it.

Questions go through the parsers of the routes, so that what is warmed has the very keys that requests will have.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.app import Opened
from imgsvc.commands.lines import Plan, is_url
from imgsvc.commands.opening import opened_service
from imgsvc.commands.tally import Failure
from imgsvc.errors import ImgsvcError
from imgsvc.model.keys import original_key
from imgsvc.services.answers import ImageRequest, Served, Streamed, Tier
from imgsvc.services.downloads import Downloads
from imgsvc.services.persist import Persister
from imgsvc.settings import Settings
from imgsvc.web.error_map import problem_for
from imgsvc.web.layout import Hints
from imgsvc.web.logos.parameters import LOGO
from imgsvc.web.logos.params import parse_logo_query
from imgsvc.web.params import parse_image_query

log = logging.getLogger("imgsvc.warm")

TAKES_ALL = Hints(accept="image/avif,image/webp,*/*")
"""What today's browsers send with the request for a picture, as far as it decides."""

PATIENT_SECONDS = 3600.0
"""Nobody waits for an answer: AVIF is made at once, instead of WebP first."""

NOT_STORED = Failure("not-stored", "It was made, but could not be stored; the log says why.")
NOT_KEPT = Failure("not-kept", "Its source forbids keeping it (Cache-Control).")
INTERNAL = Failure("internal-error", "Something went wrong inside; the log has it.")


class Outcome(Struct, frozen=True):
    """A line that has ended; *failure* is None when all of it is done."""

    line: str
    failure: Failure | None


async def warm_all(
    settings: Settings, plan: Plan, lines: Sequence[str], ended: Callable[[Outcome], None], at_once: int
) -> None:
    """
    Open the service, warm *lines*, and close it with everything stored.

    Args:
        settings: of the service.
        plan: what is made of each line.
        lines: domains and URLs.
        ended: told each line that has ended; what it raises ends all.
        at_once: lines worked on at the same time, 1 or more.

    Raises:
        SettingsError: the service cannot be opened.
    """
    patient = replace(settings.transform, avif_budget_seconds=PATIENT_SECONDS)
    async with opened_service(replace(settings, transform=patient)) as opened:
        warmer, waiting = _Warmer(opened, plan), iter(lines)
        workers = [asyncio.create_task(_work(warmer, waiting, ended)) for _ in range(min(at_once, len(lines)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)


async def _work(warmer: "_Warmer", waiting: Iterator[str], ended: Callable[[Outcome], None]) -> None:
    for line in waiting:
        ended(Outcome(line, await warmer.warm(line)))


class _Warmer:
    """Asks the service for one line after another."""

    def __init__(self, opened: Opened, plan: Plan) -> None:
        self._services = opened.services
        persister, downloads = opened.owners["persister"], opened.owners["downloads"]
        assert isinstance(persister, Persister)  # noqa: S101 - the composition root made them
        assert isinstance(downloads, Downloads)  # noqa: S101
        self._persister = persister
        self._downloads = downloads
        self._plan = plan

    async def warm(self, line: str) -> Failure | None:
        """Ask for all that is to be made of a line, until something fails; None when nothing did."""
        try:
            for query in self._plan.queries(line):
                if (failure := await self._warm(self._picture if is_url(line) else self._logo, query)) is not None:
                    return failure
        except ImgsvcError as error:
            problem = problem_for(error)
            return Failure(problem.code, problem.detail)
        except Exception:
            log.exception("%s", line)  # one line's fault does not end the others
            return INTERNAL
        return None

    async def _warm(self, ask: Callable[[str], Awaitable[Served]], query: str) -> Failure | None:
        """Ask for one answer, and see that the store has it."""
        before = self._unstored()
        served = await ask(query)
        if not await self._written(served):
            return NOT_KEPT
        if isinstance(served.blob, Streamed) and served.tier is Tier.ORIGIN:
            # Only now it is known whether its bytes are a picture to the end: who asks again is told.
            again = await ask(query)
            again.let_go()
            return NOT_STORED if again.tier is Tier.ORIGIN else None
        # Others' losses count as well while this one was at work: trying again costs little.
        return None if self._unstored() == before else NOT_STORED

    async def _picture(self, query: str) -> Served:
        question = parse_image_query(query, TAKES_ALL, ladder=self._services.width_ladder)
        self._services.access.check_for_operator(question.source)
        return await self._services.images.get(ImageRequest(question.source, question.spec))

    async def _logo(self, query: str) -> Served:
        question = parse_logo_query(query, TAKES_ALL, LOGO, ladder=self._services.width_ladder)
        logos = (await self._services.annexe.get()).logos
        return (await logos.find(question.about(logos.subject(question.website)))).served

    async def _written(self, served: Served) -> bool:
        """Wait until an answer is written; False where nobody may keep it."""
        blob = served.blob
        try:
            if isinstance(blob, Streamed):
                async for _ in blob.body.chunks():
                    pass  # where there is no room on disk it arrives only as it is read
                await self._downloads.ended(original_key(blob.source))
            await self._persister.written(blob.key)
        finally:
            served.let_go()
        return blob.shareable

    def _unstored(self) -> int:
        statistics = self._persister.statistics()
        return statistics.failed + statistics.dropped
