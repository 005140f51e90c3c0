"""A logo for the command line: searched for, drawn and described, with everything opened and closed again."""

from msgspec import Struct

from imgsvc.app import Opened
from imgsvc.commands.opening import opened_service
from imgsvc.commands.wish import LogoWish
from imgsvc.errors import LogoNotFound
from imgsvc.model.formats import BY_MEDIA_TYPE
from imgsvc.model.look import Look, Theme
from imgsvc.services.answers import Served
from imgsvc.services.logos.answers import LogoRequest, LogoServed, Subject
from imgsvc.services.logos.explaining import Explanation
from imgsvc.services.refreshes import Refresh
from imgsvc.settings import Settings
from imgsvc.web.layout import Hints
from imgsvc.web.logos.parameters import LOGO
from imgsvc.web.logos.params import LogoQuestion, parse_logo_query


class Drawn(Struct, frozen=True):
    """
    A picture to be written.

    Attributes:
        data: its bytes.
        extension: of their format, without the dot.
        domain: whose logo it is; empty = of no domain.
        description: one line for a person.
    """

    data: bytes
    extension: str
    domain: str
    description: str


class Found(Struct, frozen=True):
    """
    What came of a search.

    Attributes:
        explained: the search itself, where that was asked for.
        drawn: the picture, where that was asked for and there is one.
        has_none: whether there is no logo, and nothing was to stand in for it.
    """

    explained: Explanation | None
    drawn: Drawn | None
    has_none: bool


async def find(settings: Settings, wish: LogoWish) -> Found:
    """
    Open the service, search and draw, and close it again with everything stored.

    Raises:
        SettingsError: the service cannot be opened.
        InvalidRequest: what is asked for makes no sense.
        ImgsvcError: there is no room for the search, or the logo cannot be drawn.
    """
    question = parse_logo_query(wish.query(), Hints(), LOGO)
    async with opened_service(settings) as opened:
        return await _find(opened, wish, question)


async def _find(opened: Opened, wish: LogoWish, question: LogoQuestion) -> Found:
    logos = (await opened.services.annexe.get()).logos
    subject = await logos.company(question.company, None) if wish.company else logos.subject(question.website)
    note = ""
    if wish.refresh and await logos.refresh(subject, None, is_admin=True) is Refresh.FAILED:
        note = "; it could not be looked for anew, so this is what was known"
    theme = None if wish.theme is None else Theme(wish.theme)
    explained = (await logos.explain(subject, wish.size, None, theme=theme)).facts if wish.explains else None
    if not wish.draws:
        return Found(explained, None, has_none=explained is None or explained["chosen"] is None)
    try:
        return Found(explained, await _drawn(opened, question.about(subject), note), has_none=False)
    except LogoNotFound:
        return Found(explained, None, has_none=True)


async def _drawn(opened: Opened, request: LogoRequest, note: str) -> Drawn:
    answer = await (await opened.services.annexe.get()).logos.find(request)
    try:
        data = await bytes_of(answer.served)
        extension = extension_of(answer.served)
        return Drawn(data, extension, answer.domain, describe(request, answer) + note)
    finally:
        answer.served.let_go()


async def bytes_of(served: Served) -> bytes:
    """Give an answer's bytes, read to their end where they are still arriving; raises ImgsvcError where that fails."""
    blob = served.blob
    return blob.data if hasattr(blob, "data") else b"".join([chunk async for chunk in blob.body.chunks()])


def extension_of(served: Served) -> str:
    """Name an answer's format by its extension, without the dot."""
    media_type = served.blob.meta.media_type
    known = BY_MEDIA_TYPE.get(media_type)
    return media_type if known is None else known.value


def describe(request: LogoRequest, answer: LogoServed) -> str:
    """
    Say in a line what was found.

    Such as ``example.com: apple-touch-icon, 180 x 180 png, contrast 1.1 on dark -> adapted``.
    """
    meta = answer.served.blob.meta
    size = f"{meta.width} x {meta.height} " if meta.width else ""
    parts = [answer.source, size + extension_of(answer.served)]
    look = Look.parse(meta.look)
    if look is not None and request.theme is not None:
        contrast = {"light": look.contrast_light, "dark": look.contrast_dark}[request.theme.value]
        parts.append(
            f"contrast {contrast:.1f} on {request.theme.value} -> {'adapted' if look.inverted else 'as it is'}"
        )
    if answer.is_fallback:
        parts.append("because no logo was found")
    return f"{_named(request.subject)}: {', '.join(parts)}"


def _named(subject: Subject) -> str:
    return subject.name if subject.domain is None else subject.domain.host
