"""From what is known of a page to what is on its card."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.card import Card
from imgsvc.model.colours import Colour
from imgsvc.opengraph.cards import MAX_TEXT_CHARS, MAX_TITLE_CHARS, CardKind, card_of, name_of_label
from imgsvc.opengraph.data import Described, ShareData

TEXTS = st.text(st.characters(), max_size=400) | st.none()
DATA = st.builds(ShareData, title=TEXTS, description=TEXTS, site_name=TEXTS, locale=st.none() | st.just("ja_JP"))


def card(kind: CardKind = CardKind.OG_CARD, data: ShareData | None = None, **given) -> Card:
    known = {"name": "Acme", "host": "acme.test", "colours": [Colour(37, 99, 235)]}
    return card_of(kind, data, **(known | given))


def test_a_pages_words():
    """Title, description and site name stand where they belong, and a client's own words in their place."""
    data = ShareData(title="Hello", description="All of it", site_name="Acme News")

    assert (card(data=data).title, card(data=data).text, card(data=data).site) == ("Hello", "All of it", "Acme News")
    own = card(data=data, title="Mine", subtitle="too")
    assert (own.title, own.text, own.site) == ("Mine", "too", "Acme News")


def test_a_page_that_could_not_be_read():
    """The name made of the host is the title, and the host says whose it is."""
    made = card(host="acme.co.uk")

    assert (made.title, made.text, made.site) == ("Acme", "", "acme.co.uk")


def test_nothing_at_all():
    """Without a page, and without words, there is an empty card."""
    made = card(CardKind.COMPANY, name="", host="")

    assert (made.title, made.text, made.site, made.letters) == ("", "", "", "")


@pytest.mark.parametrize("title", ["Hello | Acme", "Hello – ACME", "Hello · Acme", "Hello"])
def test_the_sites_name_is_said_once(title):
    """Behind a bar or a dash it is dropped from the title."""
    assert card(data=ShareData(title=title, site_name="Acme")).title == "Hello"


def test_a_title_that_is_the_sites_name_stays():
    """Then the host stands where the site's name would say the same again, and so with a repeated description."""
    made = card(data=ShareData(title="Acme", site_name="Acme", description="Acme"))

    assert (made.title, made.site, made.text) == ("Acme", "acme.test", "")


@pytest.mark.parametrize(
    ("kind", "described", "title", "letters"),
    [
        (CardKind.PERSON, Described("Person", "ada lovelace"), "ada lovelace", "AL"),
        (CardKind.PERSON, Described("Article", "On Engines"), "A page", "AP"),
        (CardKind.COMPANY, Described("Organization", "Engines Ltd"), "Engines Ltd", "E"),
        (CardKind.COMPANY, None, "A site", "A"),
        (CardKind.OG_CARD, Described("Person", "ada lovelace"), "A page", ""),
    ],
)
def test_who_it_is_about(kind, described, title, letters):
    """A person's or a company's own name goes before the page's title; initials stand for a missing picture."""
    made = card(kind, ShareData(title="A page", site_name="A site", described=described))

    assert (made.title, made.letters) == (title, letters)


@pytest.mark.parametrize(
    ("name", "letters"),
    [("", ""), ("…!", "…"), ("Ada", "A"), ("Ada K. Lovelace", "AL"), ("(Ada) «Lovelace»", "AL"), ("ßen", "ß"),
     ("山田 太郎", "山太"), ("محمد علي", "م"), ("e\u0301lan", "E\u0301"), ("🍋", "🍋"),
     ("👍🏽!", "👍🏽"), ("🍋 Lee", "L")],
)  # fmt: skip
def test_initials(name, letters):
    """The first letters of the first and the last word; one only where letters join, without any what is seen first."""
    assert card(CardKind.PERSON, title=name, name="").letters == letters


@pytest.mark.parametrize(
    ("label", "name"),
    [("acme", "Acme"), ("my-site", "My Site"), ("bbc", "BBC"), ("a--b", "A B"), ("bücher", "Bücher"), ("", "")],
)  # fmt: skip
def test_a_label_as_a_name(label, name):
    """Words begin with a capital, and what cannot be spoken is spelt."""
    assert name_of_label(label) == name


@pytest.mark.parametrize(
    ("locale", "title", "language"),
    [
        ("en_US", "Hello", "en-us"),
        (None, "Hello", ""),
        ("en_US", "日本語のタイトル", "ja"),
        (None, "한국어", "ko"),
        (None, "中文", "zh-cn"),
        ("en_US", "中文", "zh-cn"),
        ("zh_TW", "中文", "zh-tw"),
        ("ja_JP", "日本", "ja-jp"),
    ],
)
def test_language(locale, title, language):
    """Letters that only one language has say it; Han letters are those of the page's language, if it has any."""
    assert card(data=ShareData(title=title, locale=locale)).language == language


def test_direction():
    """A card runs as its title does."""
    assert card(title="שלום").is_rtl
    assert not card(title="Hello", subtitle="שלום").is_rtl


def test_what_no_font_can_show_is_left_out():
    """Private use, non-characters, empty planes and controls go; a pile of marks on one letter is made low."""
    made = card(
        title="a\ue000b\ufffec\U0010fffdd\x00e\u202ef\U00040000\U000dfffd\U000110bd\U0001bca0" + "g" + "\u0301" * 50
    )

    assert made.title == "abcdefg" + "\u0301" * 4


def test_a_hundred_kilobytes_are_cut():
    """Only as much is kept as may be drawn, however long a title is."""
    made = card(title="word " * 20_000, subtitle="w" * 100_000)

    assert len(made.title) <= MAX_TITLE_CHARS
    assert len(made.text) == MAX_TEXT_CHARS


@given(st.sampled_from(CardKind), DATA, st.text(max_size=50), st.text(max_size=50))
def test_any_words_make_a_card(kind, data, title, subtitle):
    """It never raises, always gives the same, and what comes out can be written as UTF-8 on one line."""
    made = card(kind, data, title=title, subtitle=subtitle)

    assert made == card(kind, data, title=title, subtitle=subtitle)
    for text in (made.title, made.text, made.site, made.letters):
        assert text.encode().decode() == text.strip()
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Co") for character in text)
