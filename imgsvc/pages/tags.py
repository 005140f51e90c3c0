"""What a page says about itself, as frozen values: absolute URLs, cleaned texts, bounded counts."""

from msgspec import Struct

from imgsvc.pages.sizes import Size


class Link(Struct, frozen=True):
    """
    A ``link`` element, or the ``img`` of microdata that says the same.

    Attributes:
        rels: words of ``rel``, lower-case; at least one where there is no *itemprop*.
        href: absolute; http(s) in normal form, or a ``data:`` URL of a picture.
        type: media type without parameters, lower-case, or empty.
        sizes: as declared; :data:`~imgsvc.pages.sizes.ANY` among them for ``any``.
        media: media query, or empty.
        colour: of ``color``, which a ``mask-icon`` has, or empty.
        itemprop: of microdata, lower-case, or empty.
    """

    rels: frozenset[str]
    href: str
    type: str = ""
    sizes: tuple[Size, ...] = ()
    media: str = ""
    colour: str = ""
    itemprop: str = ""


class Meta(Struct, frozen=True):
    """
    A ``meta`` element; it has at least one of the four keys, all lower-case, empty where missing.

    Attributes:
        content: cleaned, or empty.
        name: of standard metadata (``theme-color``), and of Twitter's.
        property: of Open Graph's.
        itemprop: of microdata.
        http_equiv: of what stands for a header.
        media: media query, or empty.
    """

    content: str
    name: str = ""
    property: str = ""
    itemprop: str = ""
    http_equiv: str = ""
    media: str = ""

    def is_called(self, key: str) -> bool:
        """Whether *key* is one of its keys but ``http-equiv``: sites mix up the three."""
        return key in (self.name, self.property, self.itemprop)


class HeaderImage(Struct, frozen=True):
    """
    An ``img`` in the page's header.

    Attributes:
        src: absolute, as with :class:`Link`; of a picture that is loaded late, where it will come from.
        alt: cleaned, or empty.
        says_logo: whether its class, id, alt or src, or an element around it, says that it is a logo.
    """

    src: str
    alt: str = ""
    says_logo: bool = False


class Page(Struct, frozen=True):
    """
    What was read of a page.

    Attributes:
        url: where it came from.
        base_url: what its references are relative to.
        charset: the encoding it was read in, as the WHATWG names it, lower-case.
        title: cleaned, or empty.
        links: at most 200, in order; none of those that only hint at what to load early.
        metas: at most 500, in order.
        json_ld: texts of JSON-LD scripts, as they stand, at most 20; none of more than 64 Ki characters.
        header_images: at most 8; one that says logo is the last, as reading ends there.
        refresh_url: where the page sends its reader on within a few seconds, or None.
    """

    url: str
    base_url: str
    charset: str
    title: str = ""
    links: tuple[Link, ...] = ()
    metas: tuple[Meta, ...] = ()
    json_ld: tuple[str, ...] = ()
    header_images: tuple[HeaderImage, ...] = ()
    refresh_url: str | None = None

    def content(self, key: str) -> str:
        """Give the content of the first ``meta`` called *key* (lower-case) that has any, or an empty text."""
        return next((meta.content for meta in self.metas if meta.content and meta.is_called(key)), "")
