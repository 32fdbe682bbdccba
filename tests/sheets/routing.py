"""Which method of which API a request is, with its parameters read and its body checked against the discovery documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.sheets import masks
from tests.sheets.discovery import Api, Route, routes
from tests.sheets.masks import Mask
from tests.sheets.refusals import Json, Refused, bad_fields
from tests.sheets.wire import Request

APIS = ("sheets.v4", "drive.v3")
LARGEST = 10 * 1024 * 1024


@dataclass(frozen=True)
class Asked:
    """A request understood: its route, its path and query parameters in one, its body and its field mask."""

    route: Route
    parameters: Json
    body: Json
    mask: Mask


def understood(request: Request) -> Asked:
    """Match a request to its route and check all of it; the refusals are Google's."""
    route, in_path = matched(request)
    parameters = {**in_path, **_query(route, request)}
    body = _body(route, request)
    return Asked(route, parameters, body, _mask(route, parameters.pop("fields", None)))


def matched(request: Request) -> tuple[Route, dict[str, str]]:
    """The route and the values in its path; where two fit, the one with the more exact path."""
    for route in _all_routes():
        values = route.path_values(request.path) if route.verb == request.verb else None
        if values is not None:
            return route, values
    raise Refused(404, f"The requested URL {request.path} was not found on this server.")


@cache
def _all_routes() -> list[Route]:
    return sorted((route for api in APIS for route in routes(api)), key=lambda route: -len(route.pattern.pattern))


def _query(route: Route, request: Request) -> Json:
    found: Json = {}
    for name, values in request.query.items():
        known = route.parameters.get(name) or route.api.shared.get(name)
        if known is None and route.name.startswith("drive"):
            continue
        if known is None:
            text = f"Cannot bind query parameter. Field '{name}' could not be found in request message."
            raise bad_fields([("", f'Invalid JSON payload received. Unknown name "{name}": {text}')])
        read = [_parameter(route.api, name, known, value) for value in values]
        found[name] = read if known.get("repeated") else read[-1]
    return found


def _parameter(api: Api, name: str, known: Json, text: str) -> Any:
    """One value of the query by its type; Python's `True` is taken as JSON's."""
    if known["type"] == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if known["type"] == "integer" and text.lstrip("-").isdigit():
        return int(text)
    if known["type"] != "string" or ("enum" in known and text not in known["enum"]):
        raise bad_fields([(name, f"Invalid value at '{name}' (TYPE_ENUM), \"{text}\"")])
    return text


def _body(route: Route, request: Request) -> Json:
    """The body as JSON that fits; `withLink`, which older clients send to Drive, is overlooked there as Drive does."""
    if len(request.body) > LARGEST:
        raise Refused(413, "Request payload size exceeds the limit: 10485760 bytes.")
    if not request.body or route.request is None:
        return {}
    try:
        body = request.json
    except ValueError as trouble:
        raise Refused(400, f"Invalid JSON payload received. {trouble}") from trouble
    if route.name.startswith("drive") and isinstance(body, dict):
        body.pop("withLink", None)
    under = "data" if route.request == "ValueRange" else ""
    problems = route.api.request_problems(route.request, body, under)
    if problems:
        raise bad_fields(problems)
    return dict(body)


def _mask(route: Route, text: str | None) -> Mask:
    if not text:
        return {}
    try:
        mask = masks.parse(text)
    except masks.BadMask:
        raise _no_such_field(text) from None
    unknown = list(route.api.unknown_in_mask(mask, route.response)) if route.response else []
    if unknown:
        raise _no_such_field(unknown[0])
    return mask


def _no_such_field(path: str) -> Refused:
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    return Refused(400, "Request contains an invalid argument.", bad_fields([(path, text)]).details)
