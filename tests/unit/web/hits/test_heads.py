"""Which heads are simple, and what of them decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.web.hits.heads import MAX_FIELDS, MAX_HEAD_BYTES, read_fields, remembering_reader


def fields(*lines: str, host: str = "Host: a.test:8080") -> bytes:
    return "\r\n".join(["", host, *lines, "", ""]).encode("latin-1")


def test_what_decides_is_given_in_one_order():
    """Names are folded and sorted, values kept; what does not decide is left out."""
    one = read_fields(fields("ACCEPT: image/*", "User-Agent: x y", 'if-none-match: "a"'))
    other = read_fields(fields('If-None-Match: "a"', "Cookie: a=b", "accept: image/*", "Connection: Keep-Alive"))

    assert one == other
    assert one.deciding == b'accept: image/*\r\nif-none-match: "a"'


@pytest.mark.parametrize("value", ["image/webp", "IMAGE/*", "image/*, image/*"])
def test_another_value_is_another_question(value):
    """A header that may decide has to be the same to the letter."""
    assert read_fields(fields(f"Accept: {value}")).deciding != read_fields(fields("Accept: image/*")).deciding


def test_the_name_that_a_request_came_with():
    """A valid X-Request-Id is taken over; any other counts as none."""
    assert read_fields(fields("X-Request-Id: a-1.b_2")).request_id == "a-1.b_2"
    assert read_fields(fields("x-request-id: a b")).request_id is None
    assert read_fields(fields()).request_id is None


@pytest.mark.parametrize(
    "line",
    [
        "Connection: close", "Connection: keep-alive, Upgrade", "Proxy-Connection: keep-alive", "Upgrade: h2c",
        "Expect: 100-continue", "Transfer-Encoding: chunked", "Content-Length: 0", "content-type: a/b", "TE: trailers",
        "Sec-WebSocket-Key1: x", "HTTP2-Settings: x", "Trailer: x",
    ],
)  # fmt: skip
def test_what_is_for_the_parser(line):
    """Bodies, other protocols and the end of the connection are left to those who know them."""
    assert read_fields(fields(line)) is None


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\r\n\r\n", b"\r\nHost: a\r\n", b"\r\nHost: a\r\n\r\nG", fields() + fields(), b"\nHost: a\n\n",
        b"\r\nHost:a\r\n\r\n", b"\r\nHost : a\r\n\r\n", b"\r\nHost:  a\r\n\r\n", b"\r\nHost: a \r\n\r\n",
        b"\r\nHost:\ta\r\n\r\n", b"\r\nHost: a\r\nX:\r\n\r\n", b"\r\nHost: a\r\n X: b\r\n\r\n", b"\r\nX: b\r\n\r\n",
        b"\r\nHost: a\r\nX: a\x00b\r\n\r\n", b"\r\nHost: a\r\nX: \xe4\r\n\r\n", b"\r\nHost: a\r\nX\xe4: b\r\n\r\n",
        b"\r\nHost: a\r\nhost: a\r\n\r\n", b"\r\nHost: a/b\r\n\r\n", b"\r\nHost: a\r\nAccept: x\r\naccept: x\r\n\r\n",
        b"\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", b"\r\nHost: a\r\nX: b\rc\r\n\r\n", b"\r\nHost: a\r\nX: b\nY: c\r\n\r\n",
        b"\r\nHost: a\r\n: b\r\n\r\n", b"\r\nHost: a\r\nUser-Agent: a\r\nuser-agent: b\r\n\r\n",
    ],
)  # fmt: skip
def test_what_parsers_differ_about(text):
    """Folds, tabs, odd spaces, no value, twice the same name, bare line ends, no host, or two heads: none is simple."""
    assert read_fields(text) is None


def test_bounds():
    """Neither more fields nor more bytes than a parser would take."""
    assert read_fields(fields(*[f"X-{n}: b" for n in range(MAX_FIELDS - 1)])) is not None
    assert read_fields(fields(*[f"X-{n}: b" for n in range(MAX_FIELDS)])) is None
    assert read_fields(fields("X: " + "b" * (MAX_HEAD_BYTES // 2))) is not None
    assert read_fields(fields("X: " + "b" * MAX_HEAD_BYTES)) is None


def test_the_same_with_memory():
    """Whether it is remembered or read anew, a head says the same."""
    read, text = remembering_reader(), fields("X: b")

    assert read(text) == read_fields(text)
    assert read(text) is read(text)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_text_of_a_field_reaches_another(name, value):
    """Whatever stands in one field, it is read as one field with that value, or not at all."""
    read = read_fields(b"\r\nHost: a\r\nIf-None-Match: %b\r\nX-%b: y\r\n\r\n" % (value, name))

    assert read is None or read.deciding == b"if-none-match: " + value


@given(
    st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b": ", b" ", b"\t", b"Host", b"Accept", b"a", b"Content-Length"]))
)
def test_what_is_simple_is_what_it_looks_like(pieces):
    """All that is simple is lines of one form, which can be read in the plainest way."""
    text = b"".join(pieces)
    read = read_fields(text)
    if read is not None:
        lines = dict(line.lower().split(b": ", 1) for line in text[2:-4].split(b"\r\n"))
        assert b"host" in lines
        assert b"content-length" not in lines
        assert (b"accept" in lines) == bool(read.deciding)
