"""From a query and ``Accept`` to the share picture that is wanted."""

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import BadKey, InvalidRequest, MissingUrl, ObjectNotFound, UrlUndefined
from imgsvc.model.spec import Fit, Output, TransformSpec
from imgsvc.opengraph.cards import CardKind
from imgsvc.opengraph.profiles import Network
from imgsvc.web.opengraph.parameters import MAX_TITLE_CHARS, SHARE_BY_NAME
from imgsvc.web.opengraph.share_params import ONLY_A_CARD, ShareQuestion, parse_share_query

PAGE = "url=https://a.test/p"
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


def ask(query: str, accept: str = "") -> ShareQuestion:
    return parse_share_query(query, accept)


@pytest.mark.parametrize(
    ("query", "url"),
    [
        (PAGE, "https://a.test/p"), ("src=https://a.test/p", "https://a.test/p"),
        ("url=https%253A%252F%252Fa.test%252Fp", "https://a.test/p"), ("url=HTTPS://A.test", "https://a.test/"),
        ("url=s3://images/opengraph/a.jpg", "s3://images/opengraph/a.jpg"),
        ("url=images/opengraph/a.jpg", "s3://images/opengraph/a.jpg"),
        ("url=images%2Flogos%2Fa.png", "s3://images/logos/a.png"), ("title=A", ONLY_A_CARD.url),
        (f"title=A&{PAGE}", "https://a.test/p"),
    ],
)  # fmt: skip
def test_sources(query, url):
    """A page, a picture or a stored object, by its key with or without a scheme; a title alone is a card."""
    assert ask(query).source.url == url


@pytest.mark.parametrize("url", ["images/other/x", "s3://images/other/x", "store:secret.txt"])
def test_keys_where_no_pictures_are(url):
    """They are no bad question: a card can stand in, which says why."""
    question = ask(f"url={url}")

    assert (question.source, type(question.missing)) == (ONLY_A_CARD, ObjectNotFound)
    assert ask("url=images/logos/a.png").missing is None


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", MissingUrl), ("url=", MissingUrl), ("url=%20", MissingUrl), ("title=%20", MissingUrl),
        ("url=undefined", UrlUndefined), ("url=null&title=x", UrlUndefined), ("url=&title=x", MissingUrl),
        ("url=images/../secret", BadKey), ("url=/p", InvalidRequest),
        ("url=javascript:x", InvalidRequest), (f"{PAGE}&for=orkut", InvalidRequest), (f"{PAGE}&kind=", InvalidRequest),
        (f"{PAGE}&w=8193", InvalidRequest), (f"{PAGE}&q=0", InvalidRequest), (f"{PAGE}&f=json", InvalidRequest),
        (f"{PAGE}&title={'x' * (MAX_TITLE_CHARS + 1)}", InvalidRequest),
        (f"{PAGE}&url=https://b.test/", InvalidRequest),
    ],
)  # fmt: skip
def test_bad_questions(query, error):
    """What is wrong is said to be, of the right kind."""
    with pytest.raises(error):
        ask(query)


@pytest.mark.parametrize(
    ("more", "spec"),
    [
        ("", TransformSpec(output=Output.AUTO_SOURCE)),
        ("w=600", TransformSpec(output=Output.AUTO_SOURCE, width=600)),
        ("width=600&height=300&fit=cover&g=north", None),
        ("f=jpg&quality=50", TransformSpec(output=Output.JPEG, quality=50)),
        ("format=webp", TransformSpec(output=Output.WEBP)), ("f=original", TransformSpec(output=Output.ORIGINAL)),
    ],
)  # fmt: skip
def test_what_is_asked_of_the_picture(more, spec):
    """Names and aliases are those of pictures."""
    asked = ask(f"{PAGE}&{more}").spec

    if spec is None:
        assert (asked.width, asked.height, asked.fit, asked.gravity.value) == (600, 300, Fit.COVER, "north")
    else:
        assert asked == spec.normalised()


def test_the_rest():
    """The network, the kind of card and its words are read; what is not known is named, a signature seen."""
    asked = ask(f"{PAGE}&for=twitter&kind=person&title=%20A%20&subtitle=B&sig=x&exp=9&colour=red")

    assert (asked.network, asked.kind, asked.title, asked.subtitle) == (Network.TWITTER, CardKind.PERSON, "A", "B")
    assert (asked.is_signed, asked.ignored, dict(asked.pairs)["exp"]) == (True, ("colour",), "9")


@pytest.mark.parametrize(
    ("query", "accept", "vary", "output"),
    [
        (PAGE, "*/*", ("Accept",), Output.AUTO_SOURCE), (PAGE, CHROME, ("Accept",), Output.AUTO_AVIF),
        (f"{PAGE}&f=png", CHROME, (), Output.PNG), (f"{PAGE}&for=slack", "*/*", (), Output.AUTO_SOURCE),
    ],
)  # fmt: skip
def test_what_accept_decides(query, accept, vary, output):
    """``Accept`` decides, and is named, only where nothing else does."""
    asked = ask(query, accept)

    assert (asked.vary, asked.spec.output) == (vary, output)


@given(st.dictionaries(st.sampled_from(sorted(SHARE_BY_NAME)), st.text(max_size=30)))
def test_any_query(values):
    """Whatever is sent is understood or refused as bad, nothing else."""
    with contextlib.suppress(InvalidRequest):
        assert ask(urlencode({"url": "https://a.test/"} | values)).source.url
