"""The letter that stands for a name."""

import pytest

from imgsvc.model.initial import first_letter


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("example", "E"), ("  Acme Inc.", "A"), ("3M", "3"), ("«Яндекс»", "Я"), ("øre", "Ø"), ("ıstanbul", "I"),
        ("ßtrange", "ß"), ("ﬁrst", "ﬁ"), ("e\u0301cole", "É"), ("東京電力", "東"), ("삼성", "삼"), ("أرامكو", "أ"),
        ("กำลัง", "ก"), ("नमस्ते", "न"), ("कि", "कि"), ("😀 smile", "😀"), ("👨‍👩‍👧 family", "👨‍👩‍👧"),
        ("👍🏽", "👍🏽"), ("🇩🇪🇫🇷", "🇩🇪"),
        ("❤️", "❤️"), ("!!!", "!"), ("--a", "A"), ("", "?"), (" \t\u200b", "?"), ("\u0301", "?"), ("xn--zzzzzz", "X"),
        ("A" + "\u0301" * 10_000, "Á" + "\u0301" * 15),
    ],
)  # fmt: skip
def test_letters(name, letter):
    """The first letter, digit or emoji stands for a name, whole, whatever its script; of bounded length."""
    assert first_letter(name) == letter
