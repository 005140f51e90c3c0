"""What a page says of itself to whoever shares it, as frozen values; what is absent is None."""

from msgspec import Struct


class ShareImage(Struct, frozen=True):
    """
    A picture that a page offers.

    Attributes:
        url: absolute, http(s), in normal form.
        tag: where it was named: ``og:image:secure_url``, ``og:image``, ``og:image:url``, ``twitter:image``, ``jsonld``,
            ``image_src`` or ``itemprop``.
        width: as declared, px.
        height: likewise.
        alt: what it shows.
        type: media type as declared.
    """

    url: str
    tag: str
    width: int | None = None
    height: int | None = None
    alt: str | None = None
    type: str | None = None


class TwitterCard(Struct, frozen=True):
    """What a page says to one network: the kind of card, and the accounts of site and author."""

    card: str | None = None
    site: str | None = None
    creator: str | None = None


class Described(Struct, frozen=True):
    """What a page's JSON-LD is about: its type as written, a name, and a logo's absolute URL."""

    type: str
    name: str | None = None
    logo: str | None = None


class ShareData(Struct, frozen=True, kw_only=True):
    """
    Everything that a page declares; each field was validated by itself.

    Attributes:
        title: of Open Graph, else Twitter's, else ``<title>``.
        description: of Open Graph, else Twitter's, else the page's own.
        site_name: of the site.
        type: kind of Open Graph object, lower-case.
        locale: such as ``en_GB``.
        images: each URL once, the best first.
        video: absolute URL.
        favicon: absolute URL.
        theme_colour: as CSS has it, of a light page where there are two.
        author: a name, never an address.
        published_time: a date or time (ISO 8601), as written.
        twitter: all of it may be None.
        described: None = no JSON-LD that says what it is about.
    """

    title: str | None = None
    description: str | None = None
    site_name: str | None = None
    type: str | None = None
    locale: str | None = None
    images: tuple[ShareImage, ...] = ()
    video: str | None = None
    favicon: str | None = None
    theme_colour: str | None = None
    author: str | None = None
    published_time: str | None = None
    twitter: TwitterCard = TwitterCard()
    described: Described | None = None
