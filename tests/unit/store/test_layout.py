"""Keys and paths."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgsvc.errors import BadKey
from imgsvc.model.keys import validate_key
from imgsvc.store.layout import FILE_SUFFIX, TEMPORARY_FOLDER, folder_of, key_of, path_of
from tests.contracts.store import ODD_KEYS

pytestmark = pytest.mark.slow


def is_key(text: str) -> bool:
    try:
        return bool(validate_key(text))
    except BadKey:
        return False


keys = st.lists(
    st.text(st.sampled_from("aAzZ09.._-,+=%~ ïß/") | st.characters(codec="utf-8"), min_size=1, max_size=40),
    min_size=1,
    max_size=6,
).map("/".join).filter(is_key)  # fmt: skip


def test_readable():
    """The keys this service makes are their own paths."""
    key = "images/image/0123456789abcdef/t1,auto-webp,w640,fit-cover.webp"
    assert path_of(key) == key + FILE_SUFFIX


@given(keys)
@example("s" * 200 + "..")
@example("s" * 200 + "../t")
@example("s" * 512)
def test_one_to_one(key: str):
    """Every key has one path, from which it is read back."""
    assert key_of(path_of(key)) == key


@given(keys, keys)
def test_apart(one: str, other: str):
    """Two keys have two paths, even where case does not count, and neither's file is in the way of a folder."""
    if one != other:
        assert path_of(one).casefold() != path_of(other).casefold()
    assert not path_of(other).startswith(path_of(one) + "/")


@given(keys)
@example("s" * 200 + "../../etc/passwd")
def test_safe(key: str):
    """No path leaves the folder, is hidden, reaches the temporaries or has a name over 255 bytes."""
    names = path_of(key).split("/")
    assert path_of(key).isascii()
    assert all(1 <= len(name) <= 255 and not name.startswith(".") for name in names)
    assert names[0] != TEMPORARY_FOLDER


@given(keys)
def test_folder(key: str):
    """The keys below a prefix lie in its folder."""
    assert path_of(f"{key}/x") == f"{folder_of(key)}/x{FILE_SUFFIX}"


def test_root():
    """The folder of no prefix is the store's own."""
    assert folder_of("") == ""


@pytest.mark.parametrize(
    "path", ["a", "A=o", "a/b.txt", "=o", "..=o", "%2=o", "%ff=o", "%41=o/x=o", "a//b=o", "+a=o", ".tmp/x", "a%2fb=o"]
)  # fmt: skip
def test_foreign_files(path: str):
    """A file that no key leads to is nobody's."""
    assert key_of(path) is None


def test_odd_keys_are_keys():
    """The contract's odd keys are valid, or they would show nothing."""
    assert all(is_key(key) for key in ODD_KEYS)
