"""What the documents say is what the code does."""

import re
from pathlib import Path

import pytest

from imgsvc import __version__
from imgsvc.settings import documented
from imgsvc.web.error_map import codes
from imgsvc.web.logos.parameters import SHAPES
from imgsvc.web.openapi.document import OPERATIONS
from imgsvc.web.parameters import PARAMETERS
from scripts.command_page import page as commands_page
from scripts.write_docs import configuration, metrics

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "deploy" / "README.md",
]


def test_the_configuration_page_is_up_to_date():
    """``make docs`` would change nothing."""
    assert (ROOT / "docs" / "configuration.md").read_text() == configuration()


def test_the_page_of_commands_is_up_to_date():
    """``make docs`` would change nothing there either."""
    assert (ROOT / "docs" / "commands.md").read_text() == commands_page()


def test_the_metrics_page_is_up_to_date():
    """``make docs`` would change nothing."""
    assert (ROOT / "docs" / "metrics.md").read_text() == metrics()


def test_every_setting_has_a_sentence():
    """No setting goes unexplained."""
    for *_, setting in documented():
        assert setting.env.description.endswith("."), setting.name


def test_every_time_has_its_unit_and_every_choice_its_words():
    """A reader of the page of settings need not guess what a number or a word may be."""
    rows = {row.split("`")[1]: row for row in configuration().splitlines() if row.startswith("| `")}
    times = [setting.name for *_, setting in documented() if setting.kind is float]

    assert len(times) > 9
    assert all("| s |" in rows[name] for name in times)
    assert "| `bytes`, `redirect` |" in rows["IMGSVC_DELIVERY"]
    assert "| `0`, `1` |" in rows["IMGSVC_WIDTH_LADDER"]


def test_every_parameter_is_in_the_api_page():
    """Each parameter and each other name of it is documented."""
    page = (ROOT / "docs" / "api.md").read_text()
    for parameter in PARAMETERS:
        for name in (parameter.name, *parameter.aliases):
            assert f"`{name}`" in page, name


@pytest.mark.parametrize("route", SHAPES)
def test_every_parameter_of_the_logo_routes_is_in_the_api_page(route):
    """Each logo route is documented, and each name that it takes is in the part about logos."""
    page = (ROOT / "docs" / "api.md").read_text()
    logos = page[page.index("## Logos") : page.index("## Purging")]

    assert f"`{route}`" in logos
    for name in SHAPES[route].by_name:
        assert f"`{name}`" in logos, name


def test_every_parameter_of_every_operation_is_in_the_api_page():
    """What the OpenAPI document says of a route's parameters a person can read about, by all of their names."""
    page = (ROOT / "docs" / "api.md").read_text()
    for operation in OPERATIONS:
        for parameter in operation.path_parameters:
            assert f"{{{parameter.name}}}" in page or "demo" in operation.path, operation.path
        for parameter in operation.query:
            for name in (parameter.name, *parameter.aliases):
                assert f"`{name}`" in page, (operation.path, name)


def test_every_route_is_in_the_api_page():
    """What the application answers is documented; the demo shows itself."""
    page = (ROOT / "docs" / "api.md").read_text()
    routes = (ROOT / "imgsvc" / "web" / "routes.py").read_text()

    for route in re.findall(r"^    ``(/[^`]+)`` +(?:GET|POST)(?!.*demo)", routes, re.MULTILINE):
        assert re.search(rf"`{re.escape(route)}[`?]", page), route


def test_every_problem_code_is_in_the_api_page():
    """Each stable code is documented with its status."""
    page = (ROOT / "docs" / "api.md").read_text()
    for status, code in codes():
        assert re.search(rf"\| {status} \|.*`{code}`", page), code


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """Every relative link of every page names a file that is there."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), target


def test_the_readme_names_targets_and_routes_that_exist():
    """What a reader is told to type works: make targets are in the Makefile, routes in the application."""
    readme = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    routes = (ROOT / "imgsvc" / "web" / "routes.py").read_text()

    for target in re.findall(r"make ([a-z-]+)", readme):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for route in re.findall(r"`(?:[A-Z]+ )?(/(?:api|_next)/[a-z/]+)`", readme):
        assert f"``{route}``" in routes, route


def test_the_changelog_knows_this_version():
    """The version being built has its section, or changes wait under Unreleased."""
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert "## [Unreleased]" in changelog
    assert f"## [{__version__}]" in changelog
