"""What ``/api/og-data`` answers, as JSON has it."""

from typing import TypedDict

from imgsvc.opengraph.data import Described, ShareImage, TwitterCard


class PageAnswer(TypedDict):
    """
    What a page says of itself; what it does not say is null.

    Attributes:
        url: in normal form, without what only tracks readers.
        finalUrl: after all redirects.
        title: of Open Graph, else Twitter's, else the document's.
        description: of Open Graph, else Twitter's, else the page's own.
        siteName: of the site.
        type: kind of Open Graph object, in lower case.
        locale: such as ``en_GB``.
        image: URL of the first of ``images``.
        images: the best first.
        imageAlt: what the first one shows.
        imageWidth: of the first one, as declared, px.
        imageHeight: likewise.
        video: absolute URL.
        favicon: absolute URL.
        themeColor: as CSS has it.
        author: a name.
        publishedTime: a date or time (ISO 8601), as written.
        twitter: what it says to that network.
        jsonld: what its JSON-LD is about.
        fetchedAt: time at which it was asked for (RFC 3339).
        source: the tier that the answer came from.
    """

    url: str
    finalUrl: str
    title: str | None
    description: str | None
    siteName: str | None
    type: str | None
    locale: str | None
    image: str | None
    images: list[ShareImage]
    imageAlt: str | None
    imageWidth: int | None
    imageHeight: int | None
    video: str | None
    favicon: str | None
    themeColor: str | None
    author: str | None
    publishedTime: str | None
    twitter: TwitterCard
    jsonld: Described | None
    fetchedAt: str
    source: str
