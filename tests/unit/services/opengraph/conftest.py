"""What is asked about share pictures."""

import pytest

from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services.opengraph.answers import Shared, ShareRequest
from tests.support import pictures
from tests.support.logos import HTML, page
from tests.support.spine import Spine


def seen(width: int = 400, height: int = 300) -> bytes:
    """Give a JPEG that is good enough to be shared."""
    return pictures.jpeg(pictures.quarters(width, height))


class Asking:
    """Asks as the web does, and lets answers go at once."""

    def __init__(self, parts: Spine) -> None:
        self.parts = parts

    def offer(self, *pictures: str, path: str = "/p") -> None:
        """Have a page name pictures."""
        tags = (f'<meta property="og:image" content="{url}">' for url in pictures)
        self.parts.origin.serve(path, page(*tags), headers=HTML)

    def request(self, path: str = "/p", **more) -> ShareRequest:
        spec = more.pop("spec", TransformSpec(output=Output.AUTO_SOURCE))
        return ShareRequest(source=self.parts.source(path), spec=spec.normalised(), **more)

    async def __call__(self, path: str = "/p", **more) -> Shared:
        shared = await self.parts.sharing.find(self.request(path, **more))
        shared.served.let_go()
        return shared


@pytest.fixture
def ask(parts) -> Asking:
    return Asking(parts)
