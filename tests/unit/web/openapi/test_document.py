"""The OpenAPI document: valid, complete, and in agreement with the tables that it is made from."""

import re

import pytest
import schemathesis
from jsonschema import Draft202012Validator

from imgsvc.pressure.monitor import SystemStatus
from imgsvc.web.error_map import codes
from imgsvc.web.logos.parameters import SHAPES
from imgsvc.web.openapi.document import OPERATIONS, make_document
from imgsvc.web.openapi.headers import RESPONSE_HEADERS, SYSTEM_STATUSES
from imgsvc.web.openapi.schemas import ANSWERS
from imgsvc.web.parameters import EXAMPLE_URL, PARAMETERS
from tests.unit.web.openapi.describing import ROUTES, document, operations, references, resolved

OF_NO_OPERATION = {
    "expectation-failed",  # is what any request is answered that expects more than 100-continue
    "method-not-allowed",  # is what a method without an operation is answered
    "no-share-image",  # becomes a card, and names why
}


@pytest.mark.slow
def test_it_is_valid():
    """The document is what OpenAPI 3.1 calls one."""
    schemathesis.openapi.from_dict(document()).validate()


def test_every_schema_is_one():
    """Each schema of a parameter, header, body and answer is JSON schema."""
    components = document()["components"]
    parts = [*components["parameters"].values(), *components["headers"].values()]
    schemas = [part["schema"] for part in parts] + list(components["schemas"].values())
    bodies = [resolved(each) for _, _, operation in operations() for each in operation["responses"].values()]
    bodies += [operation["requestBody"] for _, _, operation in operations() if "requestBody" in operation]
    schemas += [each["schema"] for body in bodies for each in body.get("content", {}).values() if "schema" in each]
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_references_lead_somewhere_and_components_are_used():
    """Each reference names a component; each component but those only readers look up is referred to."""
    components = document()["components"]
    known = {
        f"#/components/{kind}/{name}" for kind in ("parameters", "headers", "responses", "schemas")
        for name in components[kind]
    }  # fmt: skip
    assert references(document()) == known


def test_operations_have_names_and_what_their_paths_need():
    """Names are unique; each variable of a path is a parameter, and each parameter is there once."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for path, method, operation in operations():
        placed = [(each["in"], each["name"]) for each in map(resolved, operation.get("parameters", []))]
        assert len(placed) == len(set(placed)), (method, path)
        assert {name for place, name in placed if place == "path"} == set(re.findall(r"{(\w+)}", path))
        assert operation["summary"]
        assert operation["tags"][0] in {tag["name"] for tag in document()["tags"]}


def test_every_parameter_is_explained():
    """Each has a sentence, and its other names where it has some."""
    for parameter in document()["components"]["parameters"].values():
        assert parameter["description"].endswith((".", "`")), parameter["name"]
        for alias in parameter.get("x-aliases", []):
            assert f"`{alias}`" in parameter["description"]


@pytest.mark.parametrize(
    ("path", "table"), [("/api/cache/images", PARAMETERS), *((p, s.parameters) for p, s in SHAPES.items())]
)
def test_parameters_are_those_that_are_parsed(path, table):
    """The query of a route has the names, other names and schemas that its parser has."""
    described = [resolved(each) for each in document()["paths"][path]["get"]["parameters"]]
    query = {each["name"]: (each.get("x-aliases", []), each["schema"]) for each in described if each["in"] == "query"}

    assert query == {parameter.name: (list(parameter.aliases), parameter.json_schema()) for parameter in table}


def test_every_code_is_of_some_operation():
    """No problem code is documented nowhere, and none is documented that there is not."""
    found = set()
    for _, _, operation in operations():
        for status, answer in operation["responses"].items():
            problem = resolved(answer).get("content", {}).get("application/problem+json")
            if problem is not None:
                narrowed = problem["schema"]["allOf"][1]["properties"]
                assert narrowed["status"]["const"] == int(status)
                found |= {(int(status), code) for code in narrowed["code"]["enum"]}
    assert {pair for pair in codes() if pair[1] not in OF_NO_OPERATION} == found


def test_every_code_is_one_of_a_problem_s():
    """The document lists each code, those that are of no operation among them."""
    code = document()["components"]["schemas"]["ProblemDocument"]["properties"]["code"]

    assert set(code["enum"]) == {name for _, name in codes()}
    assert set(code["enum"]) > OF_NO_OPERATION


def test_every_header_is_of_some_answer():
    """No header is described that no operation has."""
    used = {
        name
        for _, _, operation in operations()
        for each in operation["responses"].values()
        for name in resolved(each)["headers"]
    }
    assert used == set(RESPONSE_HEADERS)


def test_states_are_those_of_the_memory():
    """``X-System-Status`` has the values that it can have."""
    assert set(SYSTEM_STATUSES) == {status.value for status in SystemStatus}


def test_answers_have_schemas_of_their_types():
    """Each type of answer is described by the members that it has; a member that may be left out is not required."""
    schemas = document()["components"]["schemas"]
    for answer in ANSWERS:
        schema = schemas[answer.__name__]
        assert list(schema["properties"]) == list(answer.__annotations__)
        assert "Attributes:" not in schema["description"]
    assert schemas["VerdictAnswer"]["required"] == ["isGlobeIcon"]
    assert "missing_scripts" in schemas["HealthReport"]["required"]
    assert set(schemas["ShareImage"]["required"]) == set(schemas["ShareImage"]["properties"])
    assert schemas["Purged"]["properties"]["mode"]["type"] == schemas["Status"]["type"] == "string"
    assert schemas["Description"]["properties"]["thumbhash"]["description"] == "In standard base64."


def test_head_has_no_body():
    """HEAD is described as GET is, but for what is not sent."""
    for path, methods in document()["paths"].items():
        if "head" in methods:
            assert methods["head"]["responses"].keys() == methods["get"]["responses"].keys(), path
            assert "content" not in resolved(methods["head"]["responses"]["200"])


def test_only_admin_routes_need_the_token():
    """What changes something, or tells of others, needs the token; nothing else needs anything."""
    needing = {(method, path) for path, method, each in operations() if each.get("security") == [{"adminToken": []}]}
    requests = {(method, "/api/health/requests") for method in ("get", "head")}
    assert needing == {("delete", "/api/cache/images"), ("post", "/api/purge"), *requests}


def test_a_route_without_a_description_is_refused():
    """Whoever adds a route has to describe it."""
    with pytest.raises(LookupError, match="/api/new"):
        make_document([*ROUTES, ("GET", "/api/new")])


def test_only_routes_that_there_are_are_described():
    """Of the routes that there can be, the document has those of the application."""
    made = make_document([("GET", "/api/health"), ("HEAD", "/api/health")])

    assert {path: set(methods) for path, methods in made["paths"].items()} == {"/api/health": {"get", "head"}}
    assert [tag["name"] for tag in made["tags"]] == ["Health"]


def test_examples_name_the_picture_that_there_is():
    """Where a picture is at hand, examples and links name that one."""
    made = make_document(ROUTES, "http://127.0.0.1:1/demo/a.jpg")

    assert made["components"]["parameters"]["url"]["example"] == "http://127.0.0.1:1/demo/a.jpg"
    assert made["paths"]["/api/cache/images"]["get"]["x-try"][0].startswith("/api/cache/images?url=http://127.0.0.1:1/")
    assert EXAMPLE_URL not in str(made)


def test_links_to_try_fit_their_routes():
    """Each link leads to the route that it is shown with."""
    for operation in OPERATIONS:
        pattern = re.sub(r"{\w+}", "[^?]+", operation.path)
        for target in operation.tries:
            assert re.fullmatch(rf"{pattern}(\?.*)?", target), target
