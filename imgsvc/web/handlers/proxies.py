"""``/api/twitter-image/{path}`` and ``/api/assets/{assetId}``: two servers that have routes of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

from aiohttp import web

from imgsvc.errors import ImgsvcError
from imgsvc.services.twitter import STALE_SECONDS
from imgsvc.web.answering import ImageAnswers
from imgsvc.web.appkeys import Services
from imgsvc.web.proxies import asset_questions, twitter_questions
from imgsvc.web.questions import Questions

# Whatever follows, empty or with slashes or line breaks in it: what names nothing is told so, not "no such route".
TWITTER_ROUTE = "/api/twitter-image/{path:(?s:.*)}"
ASSETS_ROUTE = "/api/assets/{assetId:(?s:.*)}"


class ProxyHandlers:
    """The routes' handlers; one object an application."""

    def __init__(self, services: Services) -> None:
        self._answers = ImageAnswers(services)
        access, ladder = services.access, services.width_ladder
        self._twitter = Questions(
            access,
            twitter_questions(services.twitter, width_ladder=ladder),
            site_url=services.twitter.site,
            stale_seconds=STALE_SECONDS,
        )
        self._assets = Questions(
            access, asset_questions(services.assets, width_ladder=ladder), site_url=services.assets.site
        )

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get(TWITTER_ROUTE, self.twitter), web.get(ASSETS_ROUTE, self.asset)]

    async def twitter(self, request: web.Request) -> web.StreamResponse:
        """Answer a picture of Twitter's."""
        with _at_fault("path"):
            return await self._answers.answer(request, self._twitter)

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """Answer a picture of the operator's asset server."""
        with _at_fault("assetId"):
            return await self._answers.answer(request, self._assets)


@contextmanager
def _at_fault(param: str) -> Iterator[None]:
    """
    Call a source that is at fault by the name that it has on this route.

    In a copy: others, who named it otherwise, may be told of the same error.
    """
    try:
        yield
    except ImgsvcError as error:
        if error.param != "url":
            raise
        named = copy(error)
        named.param = param
        raise named from None
