"""Accept folded to a few classes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.spec import Output
from imgsvc.web.negotiate import accepts_gzip, fold_accept

AVIF, WEBP, SOURCE = Output.AUTO_AVIF, Output.AUTO_WEBP, Output.AUTO_SOURCE
AVIF_PLAIN, PLAIN = Output.AUTO_AVIF_PLAIN, Output.AUTO_PLAIN


@pytest.mark.parametrize(
    ("accept", "output"),
    [
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", AVIF),
        ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", AVIF),
        ("image/webp,*/*", WEBP), ("image/webp,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", WEBP),
        ("text/html,application/xhtml+xml,image/jxr,*/*", SOURCE),
        ("", SOURCE), ("*/*", SOURCE), ("image/*", SOURCE), ("image/png", SOURCE), ("text/html", SOURCE),
        ("image/webp", WEBP), ("IMAGE/WEBP", WEBP), (" image/webp ; Q=1 , */* ; q=0.9", WEBP),
        ("image/webp;q=0", PLAIN), ("image/avif;q=0,image/webp", WEBP), ("image/webp;q=0,*/*", PLAIN),
        ("image/avif;q=0.0,image/webp;q=0.000", PLAIN), ("image/avif,image/webp;q=0,*/*;q=0.8", AVIF_PLAIN),
        ("image/avif;q=0,*/*", PLAIN), ("image/avif;q=0.2,image/webp;q=0,*/*;q=0.8", PLAIN),
        ("image/jpeg;q=0,image/webp;q=0.5,*/*;q=0.8", WEBP), ("image/jpeg;q=0.1,image/webp;q=0.5,image/gif", WEBP),
        ("image/png;q=0,image/webp;q=0.5,image/*;q=0.9", WEBP), ("image/jpeg;q=0,*/*", SOURCE),
        ("image/jpeg;q=0.6,image/png;q=0.1,image/webp;q=0.5", SOURCE), ("image/avif;q=0.5,image/webp", WEBP),
        ("image/avif;q=0.5,image/webp;q=0.5", AVIF),
        ("image/webp;q=0.5,image/png;q=0.8", SOURCE), ("image/webp;q=0.5,*/*;q=0.8", SOURCE),
        ("image/webp;q=0.8,image/png;q=0.8", WEBP), ("image/webp;q=0.001", WEBP),
        ("image/webp;q=2", SOURCE), ("image/webp;q=-1", SOURCE), ("image/webp;q=", SOURCE), ("image/webp;q", SOURCE),
        ("image/webp;q=0.1234", SOURCE), ("image/webp;q=1.001", SOURCE), ("image/webp;q=.5", SOURCE),
        ("image/webp;q=nan", SOURCE), ("image/webp;q=1e-1", SOURCE), ("image/webp;q= 1", SOURCE),
        ("image/webp;q=1.", WEBP),
        ("image/webp;q=０.5", SOURCE), ("image/webp;level=1", WEBP), ("image/webp;level=1;q=0", PLAIN),
        ("image/webp;q=1;ext=2", WEBP), ("image/webp;;;", WEBP), ('image/webp;a="b,c;q=0";q=0.5', WEBP),
        ('image/webp;a=",image/avif,"', WEBP), ('image/webp;a="\\",image/avif', WEBP),
        ("image/webp,image/webp;q=0", WEBP), ("image/", SOURCE), ("image", SOURCE), ("image/webp/x", SOURCE),
        ("*;q=0.2", SOURCE), (",,,", SOURCE), ("garbage", SOURCE), (";q=1", SOURCE), ("image / webp", SOURCE),
    ],
)  # fmt: skip
def test_fold(accept, output):
    """The best weight wins; avif before webp before the source's own among equals; zero means no."""
    assert fold_accept(accept) is output


def test_cut_at_a_comma():
    """Beyond the bound nothing counts, and no range is read by half."""
    filler = "text/x,"
    head = filler * ((1024 - 14) // len(filler))
    assert fold_accept(f"{head}image/webp,{filler * 9}") is WEBP
    assert fold_accept(f"{filler * 150}image/webp") is SOURCE
    assert fold_accept(f"image/webp,{'x' * (1024 - 22)}image/avif-no") is WEBP


@given(st.text() | st.text('image/webpav*,;q=01."\\ ', max_size=2000))
def test_total(accept):
    """Every text folds to one of three classes, and two for who refuses by name."""
    assert fold_accept(accept) in {AVIF, WEBP, SOURCE, AVIF_PLAIN, PLAIN}
    assert "q=0" in accept.lower().replace(" ", "") or fold_accept(accept) in {AVIF, WEBP, SOURCE}


@given(st.permutations(["image/avif;q=0.7", "image/webp;q=0.9", "image/png;q=0.8", "*/*;q=0.1", "text/html"]))
def test_order_never_matters(ranges):
    """Ranges have weights, not places."""
    assert fold_accept(", ".join(ranges)) is WEBP


@pytest.mark.parametrize(
    ("accept_encoding", "accepts"),
    [
        ("gzip", True), ("gzip, deflate, br, zstd", True), ("br;q=1.0, GZIP ; q=0.2", True), ("*", True),
        ("", False), ("identity", False), ("br, zstd", False), ("gzip;q=0", False), ("*;q=0", False),
        ("gzip;q=0, *", False), ("identity, *;q=0.1", True), ("gzip;q=many", False), ("xgzip", False),
    ],
)  # fmt: skip
def test_gzip(accept_encoding, accepts):
    """Gzip is accepted where it is named, or any coding is, and not with a weight of nothing."""
    assert accepts_gzip(accept_encoding) is accepts
