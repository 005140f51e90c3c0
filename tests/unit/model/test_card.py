"""What is on a card."""

import pytest

from imgsvc.model.card import is_rtl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", False),
        ("", False),
        ("123 — 456", False),
        ("مرحبا", True),
        ("שלום", True),
        ("2024: שלום world", True),
        ("🍋 lemon ליים", False),
    ],
)
def test_the_first_strong_character_decides(text, expected):
    """Digits, signs and emoji have no direction of their own."""
    assert is_rtl(text) is expected
