"""The asset server: ids, URLs and the token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import AssetsNotConfigured, BadAssetId
from imgsvc.model.source import Source
from imgsvc.origin.manner import PICTURE
from imgsvc.services.assets import Assets, canonical_id
from imgsvc.settings import ProxySettings

ID = "0192f3a0-4b5c-7d8e-9f00-112233445566"
URL = f"https://assets.test/api/assets/{ID}"


def assets(base: str | None = "https://assets.test", *, has_token: bool = True) -> Assets:
    said = {"ASSETS_BASE_URL": base, "ASSETS_BEARER_TOKEN": "t0ken" if has_token else None}
    return Assets(ProxySettings.from_env({name: text for name, text in said.items() if text is not None}))


@given(st.uuids(), st.booleans(), st.booleans())
def test_every_spelling_of_an_id(uuid, dashes, upper):
    """Dashes and case say nothing: one id is one picture."""
    text = str(uuid) if dashes else uuid.hex

    assert canonical_id(text.upper() if upper else text) == str(uuid)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", ID[:-1], f"{ID}0", f" {ID}", f"{ID}\n", f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("0", "g"),
        ID.replace("-", "", 1), ID.replace("-", "_"), f"{ID}/..", f"../{ID}",
        ID.replace("1", "\N{FULLWIDTH DIGIT ONE}"),
        ID.replace("-", "\N{HYPHEN}"), f"{ID}%00", ID.replace("a", "\N{LATIN SMALL LETTER A WITH ACUTE}"),
        ID.replace("-", "", 4).replace("4b5c", "4b-5c"), "\N{KELVIN SIGN}" * 32,
    ],
)  # fmt: skip
def test_what_is_no_id(text):
    """Anything else than a UUID is refused, whatever it may become further on."""
    with pytest.raises(BadAssetId):
        assets().source(text)


@given(st.text(max_size=40))
def test_whatever_is_taken_is_a_uuid(text):
    """What comes out is hexadecimal digits and four dashes, or an error."""
    try:
        canonical = canonical_id(text)
    except BadAssetId:
        return
    assert canonical.replace("-", "") == text.lower().replace("-", "")


@pytest.mark.parametrize("base", ["https://assets.test", "https://assets.test/", "HTTPS://ASSETS.test:443"])
def test_where_it_is(base):
    """An id is asked for in its normal form, below the setting's URL, whose path counts."""
    assert assets(base).source(ID.upper()) == Source(URL, asset_id=ID)
    assert assets("http://a.test:81/x/").source(ID).url == f"http://a.test:81/x/api/assets/{ID}"


@pytest.mark.parametrize(
    ("base", "has_token", "named"),
    [(None, False, "URL and ASSETS"), (None, True, "URL"), ("https://a.test", False, "TOKEN")],
)
def test_what_is_missing_is_named(base, has_token, named):
    """Both settings are needed; a wrong id is the client's mistake all the same."""
    lacking = assets(base, has_token=has_token)
    with pytest.raises(AssetsNotConfigured, match=named):
        lacking.source(ID)
    with pytest.raises(BadAssetId):
        lacking.source("x")


def test_only_assets_are_asked_with_the_token():
    """A source that was named by its URL is asked as any other, on the same host too."""
    known = assets()
    source = known.source(ID)

    assert known.manner(source).headers_for(source.url) == {"Authorization": "Bearer t0ken"}
    assert known.manner(source).found_for is None
    assert known.manner(Source(URL)) is PICTURE


@pytest.mark.parametrize(
    ("source", "is_alias"),
    [
        (Source(URL), True), (Source(URL, asset_id=ID), False), (Source(f"{URL}?x"), False),
        (Source(URL.upper()), False), (Source(URL.replace("-", "")), False), (Source(f"https://b.test/{ID}"), False),
        (Source("https://assets.test/api/assets/"), False), (Source.stored("images/logos/a.png"), False),
    ],
)  # fmt: skip
def test_aliases(source, is_alias):
    """The very URL of an asset is its alias, and names it for who purges; all others are sources of their own."""
    known = assets()

    assert known.is_alias(source) is is_alias
    assert known.named(source) == (Source(URL, asset_id=ID) if is_alias else source)
    assert not assets(None).is_alias(source)
