"""What the objects in a page's JSON-LD have to do with the page: which it is about, and which only go with it."""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import groupby
from operator import itemgetter
from typing import Self

from msgspec import Struct

from imgsvc.pages.json_ld import Object, is_organisation, placed, referable, types

_NAVIGATION = frozenset(("breadcrumblist", "listitem", "searchaction", "sitenavigationelement", "webpageelement"))
_FRAMES = frozenset(("website", "imageobject"))
_OTHERS = frozenset(("person", "question"))


class Role(IntEnum):
    """What an object is to a page; the less, the more the page is about it."""

    SUBJECT = 0
    """What is told, sold, played or held."""
    PAGE = 1
    """The page itself."""
    OTHER = 2
    """Who speaks, and what stands on many pages: people, organisations, questions. Some pages are about one."""
    FRAME = 3
    """The site, a picture, or a page that says what it is about."""


class Statements(Struct, frozen=True):
    """
    The objects of a page's JSON-LD.

    Attributes:
        spoken: those that the page speaks of, in order; an author, or a product in a list, is not among them.
        subjects: those of them that it may be about, each with its role, the likeliest first.
        by_id: those that others may refer to.
        logos: what all of them have for a logo, raw.
    """

    spoken: tuple[Object, ...]
    subjects: tuple[tuple[Role, Object], ...]
    by_id: Mapping[str, Object]
    logos: tuple[object, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Read them in *texts* (:attr:`~imgsvc.pages.tags.Page.json_ld`). Never raises."""
        found = placed(texts)
        everything = [item for item, _ in found]
        spoken = tuple(item for item, is_mentioned in found if not is_mentioned)
        roles = [(role, item) for item in spoken if (role := _role(item)) is not None]
        return cls(
            spoken=spoken,
            subjects=tuple(sorted(roles, key=itemgetter(0))),
            by_id=referable(everything),
            logos=tuple(item["logo"] for item in everything if "logo" in item),
        )

    def pictured(self) -> Iterator[list[Object]]:
        """
        Give the objects whose pictures may stand for the page, the next ones for when the first have none.

        Where there is something that the page is about, no face and no building of who speaks stands for it.
        """
        last = Role.PAGE if self.subjects and self.subjects[0][0] <= Role.PAGE else Role.FRAME
        for role, group in groupby(self.subjects, key=itemgetter(0)):
            if role <= last:
                yield [item for _, item in group]


def _role(item: Object) -> Role | None:
    """Give what an object is; None for what has no type, and for means to find a way through the site."""
    kinds = types(item)
    if kinds <= _NAVIGATION:
        return None
    if kinds <= _FRAMES:
        return Role.FRAME
    if any(kind.endswith("page") for kind in kinds):
        return Role.FRAME if isinstance(item.get("mainEntity"), dict) else Role.PAGE
    return Role.OTHER if kinds & _OTHERS or is_organisation(item) else Role.SUBJECT
