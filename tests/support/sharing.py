"""What the tests of ``/api/og-image`` ask, and what they look for in answers."""

from tests.integration.conftest import size_of
from tests.support import pictures
from tests.support.logos import page
from tests.support.service import Answer, RunningService

JPEG = {"Content-Type": "image/jpeg"}
CARD_PX = (1200, 630)


def seen(width: int = 800, height: int = 420) -> bytes:
    """Give a JPEG that is good enough to be shared."""
    return pictures.jpeg(pictures.quarters(width, height))


def offering(*urls: str) -> bytes:
    return page(*(f'<meta property="og:image" content="{url}">' for url in urls))


async def ask(service: RunningService, url: str, method: str = "GET", headers=None, **parameters) -> Answer:
    return await service.request(method, "/api/og-image", headers, url=url, **parameters)


def is_card(answer: Answer, reason: str) -> bool:
    """Whether a card stands in for the picture, for an hour at the most."""
    assert answer.status == 200, answer.body
    assert size_of(answer.body) == CARD_PX
    assert answer.max_age <= 3600
    assert answer.headers["X-Source"] in ("generated", "memory")
    return answer.headers.get("X-Fallback") == reason
