"""The encoding of a page: who may say it, in which order, and what is done when nobody does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.pages.charset import Decoder, declared_charset, prescan
from imgsvc.pages.labels import NAMES, codec_of


@pytest.mark.parametrize(
    ("start", "content_type", "name"),
    [
        (b"\xef\xbb\xbf<meta charset=koi8-r>", "text/html; charset=koi8-u", "utf-8"),
        (b"\xff\xfe<\0", "text/html; charset=utf-8", "utf-16le"), (b"\xfe\xff\0<", "", "utf-16be"),
        (b"<meta charset=koi8-r>", 'text/html; Charset = "GB2312"; x=y', "gbk"),
        (b"<meta charset=koi8-r>", "text/html; charset='Latin1'", "windows-1252"),
        (b"<meta charset=koi8-r>", "text/html; charset=nonsense", "koi8-r"),
        (b"<meta charset=koi8-r>", "text/html", "koi8-r"),
        (b"<p>", "", None), (b"", "", None), (b"<meta charset=utf-7>", "charset=UTF-7", None),
    ],
)  # fmt: skip
def test_order(start, content_type, name):
    """A byte order mark goes before the header, the header before the markup; unknown names count nothing."""
    assert declared_charset(start, content_type) == name


@pytest.mark.parametrize(
    ("markup", "name"),
    [
        (b"<meta charset=shift_jis>", "shift_jis"), (b"<META\nCHARSET = ' Windows-1251 ' />", "windows-1251"),
        (b"<meta/charset=euc-kr>", "euc-kr"), (b"<meta name=a charset=big5>", "big5"),
        (b"<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-9'>", "windows-1254"),
        (b"<meta content='text/html;charset=\"tis-620\"' http-equiv=content-type>", "windows-874"),
        (b"<meta content='text/html; charset=koi8-r'>", None),
        (b"<meta http-equiv=refresh content='charset=koi8-r'>", None),
        (b"<meta charset=utf-16>", "utf-8"), (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<!-- <meta charset=koi8-r> --><meta charset=utf8>", "utf-8"), (b"<!--><meta charset=koi8-r>-->", "koi8-r"),
        (b"<!-- <meta charset=koi8-r>", None), (b"<a title='<meta charset=koi8-r>'><meta charset=utf8>", "utf-8"),
        (b"<metadata charset=koi8-r><meta charset=utf8>", "utf-8"),
        (b"</meta charset=koi8-r><meta charset=utf8>", "utf-8"),
        (b"<meta charset=koi8-r charset=utf8>", "koi8-r"), (b"<meta charset=bad><meta charset=koi8-r>", "koi8-r"),
        (b"<?xml version='1.0' encoding='koi8-r'?><html>", "koi8-r"),
        (b"<?xml encoding='koi8-r'?><meta charset=utf8>", "utf-8"),
        (b"<!doctype html><?php ?><meta charset=koi8-r>", "koi8-r"),
        (b"<meta = charset=koi8-r>", None), (b"<meta charset", None), (b"<meta charset=>", None),
        (b" " * 1002 + b"<meta charset=koi8-r>", "koi8-r"), (b" " * 1010 + b"<meta charset=koi8-r>", None),
    ],
)  # fmt: skip
def test_prescan(markup, name):
    """The markup says its encoding as a browser would read it, in its first 1,024 bytes."""
    assert prescan(markup) == name


@pytest.mark.parametrize("name", sorted(set(NAMES.values())))
def test_every_name_has_its_codec(name):
    """Text in any encoding of the table that Python writes comes back, cut anywhere."""
    text = "plain text"
    data = text.encode(codec_of(name))
    decoder = Decoder(b"<meta>", f"text/html; charset={name}")

    assert "".join(decoder.decode(data[at : at + 1]) for at in range(len(data))) == text
    assert decoder.charset == name


@pytest.mark.parametrize(
    ("data", "text", "charset"),
    [
        (b"plain", "plain", "utf-8"), ("Grüße".encode(), "Grüße", "utf-8"),
        ("Gr\xfc\xdfe \x96 ".encode("latin-1"), "Gr\ufffd\ufffde \ufffd ", "utf-8"),
        ("é".encode() + b"\xe9!" + "é".encode(), "é\ufffd!é", "utf-8"),
        (b"\xef\xbb\xbfa\xff", "a\ufffd", "utf-8"), ("\ufeffä".encode("utf-16-le"), "ä", "utf-16le"),
        (b"\x81", "\ufffd", "utf-8"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece_bytes", [1, 2, 100])
def test_undeclared_text(data, text, charset, piece_bytes):
    """Undeclared text is UTF-8, with U+FFFD for what is none, however it is cut."""
    decoder = Decoder(data, "")

    assert "".join(decoder.decode(data[at : at + piece_bytes]) for at in range(0, len(data), piece_bytes)) == text
    assert decoder.charset == charset


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.sampled_from(["", *sorted(set(NAMES.values()))]), st.integers(1, 50))
def test_never_raises(data, name, piece_bytes):
    """Any bytes are text in any encoding, and the text can be written as UTF-8."""
    decoder = Decoder(data, f"text/html; charset={name}")

    for at in range(0, len(data), piece_bytes):
        decoder.decode(data[at : at + piece_bytes]).encode()
    assert decoder.charset in NAMES.values()


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=300), st.text(max_size=50))
def test_declarations_never_raise(start, content_type):
    """Whatever stands where an encoding may be declared, a known one or none is found."""
    assert declared_charset(b"<meta " + start, content_type) in {None, *NAMES.values()}
