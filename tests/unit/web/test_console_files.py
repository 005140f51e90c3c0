"""The console's files: small, whole, and only what is named among them."""

import re

import pytest

from imgsvc.web.console_files import FOLDER, MEDIA_TYPES, PAGE, read_files

MAX_BYTES = 150_000
MAX_LINES = 250

_REFERENCES = (
    re.compile(r'(?:src|href)="/console/([^"]+)"'),  # of the page
    re.compile(r"(?:from|import) '\./([^']+)'"),  # of a module
    re.compile(r'url\("?([^)"]+)"?\)'),  # of a style sheet
)


def texts() -> dict[str, str]:
    return {name: file.plain.body.decode() for name, file in read_files().items()}


def references(text: str) -> set[str]:
    return {name for pattern in _REFERENCES for name in pattern.findall(text)}


def test_all_of_it_is_small():
    """All files together weigh less than 150 KB, uncompressed."""
    assert sum(len(file.plain.body) for file in read_files().values()) < MAX_BYTES


def test_every_file_is_served():
    """The folder holds nothing of a type that is not served."""
    assert {path.name for path in FOLDER.iterdir()} == set(read_files())


def test_every_reference_is_a_file_and_every_file_is_referenced():
    """Nothing is missing and nothing lies about."""
    named = set().union(*(references(text) for text in texts().values()))

    assert named | {PAGE} == set(texts())


def test_every_module_is_asked_for_at_once():
    """The page names every module, so that none waits for the one that imports it."""
    assert {name for name in texts() if name.endswith(".js")} <= references(texts()[PAGE])


def test_nothing_comes_from_outside():
    """No address of another host but the names of XML and placeholders; no script or style within the page."""
    for name, text in texts().items():
        hosts = set(re.findall(r"https?://([^/'\"`\s<]+)", text))
        assert hosts <= {"www.w3.org", "example.com"}, name
    page = texts()[PAGE]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page)


def test_nothing_is_read_as_markup():
    """No script makes elements of text."""
    for name, text in texts().items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_files_are_short(name):
    """As everywhere in this project."""
    assert len((FOLDER / name).read_text().splitlines()) <= MAX_LINES


def test_what_is_no_file_of_the_page_is_not_read(tmp_path):
    """An editor's backup beside the files is not served."""
    (tmp_path / "a.css").write_text("b{}")
    (tmp_path / "a.css~").write_text("b{}")
    (tmp_path / "folder").mkdir()

    assert {name: file.media_type for name, file in read_files(tmp_path).items()} == {"a.css": MEDIA_TYPES[".css"]}
