"""Pictures that might be a logo."""

from imgsvc.logos.candidate import Candidate, LogoSource, TrustClass


def test_what_is_shown():
    """An address is shown as it was asked for, unless something else is to be shown in its place."""
    url = "https://a.test/i.png?v=2&w=32"

    assert Candidate(url, LogoSource.LINK_ICON).shown_url == url
    assert Candidate(url, LogoSource.SERVICE, shown="https://a.test/").shown_url == "https://a.test/"


def test_trust():
    """What is no service's and no customary place is the page's."""
    classes = {source: Candidate("https://a.test/", source).trust for source in LogoSource}

    assert [s for s, trust in classes.items() if trust is TrustClass.WELL_KNOWN] == [LogoSource.WELL_KNOWN]
    assert {s for s, trust in classes.items() if trust is TrustClass.SERVICE} == {
        LogoSource.GOOGLE, LogoSource.DUCKDUCKGO, LogoSource.SERVICE,
    }  # fmt: skip
