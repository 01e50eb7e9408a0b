"""The description of the admin interface, OpenAPI 3.1, generated from the table of routes.

Source: OpenAPI Specification 3.1.0; its schemas are JSON Schema 2020-12.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from droas_mother.adapters.http.asked import Parameter
from droas_mother.adapters.http.route import Route
from droas_mother.adapters.http.routes import ROUTES
from droas_mother.core.answers.admin_answers import Refusal

Json = dict[str, Any]

PATH = "/v1/openapi.json"
_VERSION = "1.0.0"
_MEANINGS = {
    400: "A parameter or the body is not of its type",
    403: "This user may not speak to this mother over the Unix socket",
    404: "There is no such bot, client or revision",
    409: "It is there already, or cannot be used as it is",
    413: "What is asked is too long",
    500: "The database holds what nobody wrote; a retry does not help",
    503: "It cannot be done now",
}


def document(routes: Iterable[Route] = ROUTES) -> Json:
    """Describe these routes."""
    routes = tuple(routes)
    types = [
        Refusal,
        *(kind for route in routes for kind in (route.answer, route.body, *route.lines) if kind is not None),
    ]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schema_of = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    paths[PATH] = {"get": _of_this_document()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DROAS admin interface",
            "version": _VERSION,
            "description": "HTTP over the mother's Unix socket `droas.sock`, for her own user and root; the kernel "
            "tells who asks. /health, /ready and /metrics are served over TCP as well.",
        },
        "servers": [{"url": "/", "description": "the Unix socket; the host part of an address is ignored"}],
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(route: Route, schema_of: dict[int, Json]) -> Json:
    content: Json = {"text/plain": {"schema": {"type": "string"}}}
    if route.answer is not None:
        content = {"application/json": {"schema": schema_of[id(route.answer)]}}
    answers: Json = {"200": {"description": "As asked", "content": dict(content)}}
    if route.lines:
        schema = {"description": "Each line", "anyOf": [schema_of[id(kind)] for kind in route.lines]}
        answers["200"]["content"]["application/x-ndjson"] = {"schema": schema}
    if route.unwell is not None:
        answers[str(route.unwell)] = {"description": "It is not; the answer says why", "content": content}
    refusal = {"application/json": {"schema": schema_of[id(Refusal)]}}
    for status in (*route.statuses, 403):
        answers[str(status)] = {"description": _MEANINGS[status], "content": refusal}
    made: Json = {"operationId": route.operation, "summary": route.summary}
    if route.parameters:
        made["parameters"] = [_parameter(one) for one in route.parameters]
    if route.body is not None:
        carried = {"application/json": {"schema": schema_of[id(route.body)]}}
        made["requestBody"] = {"required": True, "content": carried}
    return made | {"responses": dict(sorted(answers.items()))}


def _parameter(one: Parameter) -> Json:
    schema: Json = {"type": {"number": "integer", "flag": "boolean"}.get(one.kind, "string")}
    if one.kind == "id":
        schema["pattern"] = "^[0-9]{1,20}$"
    if one.kind == "number":
        schema |= {"minimum": 0, "maximum": one.most}
    if one.choices:
        schema["enum"] = list(one.choices)
    if one.default is not None:
        schema["default"] = one.default
    return {
        "name": one.name,
        "in": one.place,
        "required": one.place == "path",
        "description": one.words,
        "schema": schema,
    }


def _of_this_document() -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "describeInterface",
        "summary": "Give this document",
        "responses": {"200": {"description": "As asked", "content": content}},
    }
