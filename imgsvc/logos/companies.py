"""
Which domain a company's name stands for, and whether a page is that company's.

The table that is shipped and an operator's own file have one form: ``DOMAIN: NAME, NAME, ...`` a line, ``#`` begins a
comment.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files

from imgsvc.logos.site import own_organisations
from imgsvc.model.hosts import normalise_host
from imgsvc.pages.tags import Page

MAX_NAME_CHARS = 200
"""Longer texts are nobody's name; they are in no table and are not guessed at."""

_MAX_LABEL_CHARS = 63  # RFC 1035 §2.3.4

# What a register of companies adds to a name: https://en.wikipedia.org/wiki/List_of_legal_entity_types_by_country
_LEGAL_FORMS = frozenset(
    (
        "inc", "incorporated", "corp", "corporation", "co", "company", "llc", "llp", "lp", "ltd", "limited",
        "plc", "pbc", "pty", "pvt", "private", "pte", "bhd", "sdn", "kk", "gmbh", "mbh", "ag", "kg", "kgaa",
        "ohg", "ug", "ev", "eg", "se", "sa", "sas", "sarl", "sca", "spa", "srl", "bv", "nv", "ab", "asa", "as",
        "oy", "oyj", "aps", "lda", "ltda", "sl", "slu", "sro", "doo", "dd", "zrt", "kft", "nyrt", "ooo", "oao",
        "pao", "jsc", "ojsc", "pjsc", "tbk",
    )
)  # fmt: skip
_JOINTS = frozenset(("and", "und", "et", "y"))  # of "& Co"
_ARTICLES = frozenset(("the",))

# "S.A.", "A/S" and "L'Oréal" are one word each, "Coca-Cola" and "Acme/Widgets" two.
_INSIDE_WORDS = re.compile(r"(?<=\w)[.'’](?=\w)|(?<=\w)\.(?!\w)|(?<=\b\w)/(?=\w\b)")
_NO_WORD = re.compile(r"[^\w]|_")
_HOST_LIKE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
_SEPARATORS = re.compile(r"\s*[|–—·•»«›]\s*|\s+-\s+|:\s+")
_PARKED = re.compile(
    r"\b(?:for sale|domain (?:name )?(?:parking|sale|is available)|buy this domain|parked|under construction"
    r"|zu verkaufen|à vendre|just a moment|access denied|not found|default page)\b",
    re.IGNORECASE,
)


def normalise_name(name: str) -> str:
    """
    Bring a company's name into the form names are compared in: ``openai`` of ``Open AI, Inc.``.

    Compatibility forms (UAX #15), case, accents, spaces, punctuation, a leading article and legal forms at the end are
    dropped, as long as something is left. Empty for what is longer than :data:`MAX_NAME_CHARS` or has no letter.
    """
    return "".join(_words(name))


def _all_words(name: str) -> list[str]:
    if len(name) > MAX_NAME_CHARS:
        return []
    text = _without_accents(name).replace("&", " and ").replace("+", " plus ")
    return _NO_WORD.sub(" ", _INSIDE_WORDS.sub("", text)).split()


def _words(name: str) -> list[str]:
    words = _all_words(name)
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
        while len(words) > 1 and words[-1] in _JOINTS:
            words.pop()
    return words[1:] if len(words) > 1 and words[0] in _ARTICLES else words


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    # Composed again, or the syllables of Hangul would stay in pieces.
    return unicodedata.normalize("NFC", bare)


def parse_companies(text: str) -> dict[str, str]:
    """
    Read a table of companies.

    Returns:
        Normalised names and the host each stands for.

    Raises:
        ValueError: one line for each line that is wrong: no ``:``, no host, no name, or a name that stands for another
            domain already.
    """
    table: dict[str, str] = {}
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.partition("#")[0].strip()
        if entry:
            faults += [f"line {number}: {fault}" for fault in _add(table, entry)]
    if faults:
        raise ValueError("\n".join(faults))
    return table


def _add(table: dict[str, str], entry: str) -> Iterator[str]:
    domain, colon, names = entry.partition(":")
    try:
        host = normalise_host(domain.strip())
    except ValueError as error:
        yield str(error)
        return
    if not colon or not names.strip() or "." not in host:
        yield "not of the form DOMAIN: NAME, NAME, ..."
        return
    for name in names.split(","):
        key = normalise_name(name)
        if not key:
            yield f"{name.strip()[:40]!r} is not a name"
        elif table.setdefault(key, host) != host:
            yield f"{name.strip()!r} stands for {table[key]} already"


class Companies:
    """
    The shipped table with an operator's own over it.

    Making it reads and parses packaged data, some milliseconds: once, and shared. Callable from any thread.

    Args:
        own: the operator's, from :func:`parse_companies`; wins over what is shipped.
    """

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        shipped = files("imgsvc.logos").joinpath("companies.txt").read_text("utf-8")
        self._table = parse_companies(shipped) | dict(own or {})

    def __len__(self) -> int:
        return len(self._table)

    def domain(self, name: str) -> str | None:
        """Give the host that *name* is known to stand for."""
        return self._table.get(normalise_name(name))


def host_in_name(name: str) -> str | None:
    """
    Give the host that *name* is, as far as it is written like one: ``globex.com``, which nobody has to guess.

    None as well where it may as well end in a legal form (``Acme.Inc``), though there are suffixes of these names.
    """
    host = _host_like(name)
    return None if host is None or host.rpartition(".")[2] in _LEGAL_FORMS else host


def _host_like(name: str) -> str | None:
    text = name.strip().lower()
    return text if len(text) <= MAX_NAME_CHARS and _HOST_LIKE.fullmatch(text) else None


def guesses(name: str) -> tuple[str, ...]:
    """
    Give the hosts that *name* might stand for, the likeliest first.

    Itself when it is written like one, else its slug and ``.com``, without and then with its article and legal form:
    some have kept them, such as "The Body Shop".

    Guesses only: nothing may be shown as found before :func:`verifies` has seen that host's page.
    """
    if (host := _host_like(name)) is not None:
        return (host,)
    slugs = dict.fromkeys((normalise_name(name), "".join(_all_words(name))))
    return tuple(f"{slug}.com" for slug in slugs if slug.isascii() and 0 < len(slug) <= _MAX_LABEL_CHARS)


def verifies(page: Page, name: str) -> bool:
    """
    Say whether a page calls itself *name*: in its title, between separators, as ``og:site_name`` or in JSON-LD.

    Whole names count, not words in them; a page that offers its domain for sale is nobody's.
    """
    wanted = normalise_name(name)
    if not wanted or _PARKED.search(page.title):
        return False
    return any(normalise_name(own) == wanted for own in _names_on(page))


def _names_on(page: Page) -> Iterator[str]:
    yield from _SEPARATORS.split(page.title)
    yield page.content("og:site_name")
    yield from (organisation.name for organisation in own_organisations(page))
