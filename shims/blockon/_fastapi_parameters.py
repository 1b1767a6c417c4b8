"""What the parameters of a plain endpoint of FastAPI's get of a request, by what FastAPI knows of them once.

None, or _MISSING for one, is what is not as usual, which FastAPI is to find out.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

__all__ = ["MISSING", "Parameter", "header_values", "json_of", "parameters", "query_values", "read_body"]

MISSING: Any = object()

# A default of these is given as it is, and a list of them copied; the rest is FastAPI's to copy.
_IMMUTABLE = (str, int, float, bool, bytes, type(None))
# A body is read when it has a type of these; what else is JSON FastAPI knows.
_JSON = b"application/json"


class Parameter:
    __slots__ = ("alias", "default", "is_list", "name", "validator")

    def __init__(self, adapter: Any, alias: str, name: str, default: Any, is_list: bool) -> None:
        self.validator = adapter.validator
        self.alias = alias
        self.name = name
        #: MISSING for one that is required, or whose default FastAPI is to make. A list is to be copied.
        self.default = default
        #: Whether it takes all values of its name.
        self.is_list = is_list


def parameters(fields: Any, utils: Any, *, takes_lists: bool) -> list[Parameter] | None:
    """None where one of them is not plain."""
    found = []
    for field in fields:
        info = field.field_info
        aliases = utils._get_param_aliases(field)
        is_list = utils.field_annotation_is_sequence(info.annotation)
        if (
            not isinstance(info, utils.params.Param)
            or utils._get_param_model(field) is not None
            or len(aliases) != 1
            or utils._is_json_field(field)
            or (is_list and not takes_lists)
        ):
            return None
        alias = aliases[0][1].lower() if isinstance(info, utils.params.Header) else aliases[0][1]
        is_simple = not info.is_required() and info.default_factory is None and not info.validate_default
        default = info.default if is_simple and _is_plain(info.default) else MISSING
        found.append(Parameter(field._type_adapter, alias, field.name, default, is_list))
    return found


def _is_plain(default: Any) -> bool:
    each = default if type(default) is list else [default]
    return all(type(value) in _IMMUTABLE for value in each)


def query_values(text: bytes, lists: frozenset[str]) -> dict[str, Any]:
    """The last value of each name, as QueryParams has them; of the names among ``lists`` all values."""
    if not text:
        return {}
    decoded = text.decode("latin-1")
    pairs: list[tuple[str, str]]
    found: dict[str, Any]
    if "%" in decoded or "+" in decoded:
        pairs = parse_qsl(decoded, keep_blank_values=True)
        found = dict(pairs)
    elif not lists:
        found = {}
        for each in decoded.split("&"):
            if each:
                name, _, found[name] = each.partition("=")
        return found
    else:
        pairs = [(name, value) for name, _, value in [each.partition("=") for each in decoded.split("&") if each]]
        found = dict(pairs)
    for name in lists & found.keys():
        found[name] = [value for each, value in pairs if each == name]
    return found


def header_values(headers: Any) -> dict[str, str]:
    """The first value of each name, as Headers has them."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(headers)}


def json_of(headers: Any) -> bool:
    """Whether the request says that its body is JSON, once and plainly."""
    types = [value for name, value in headers if name == b"content-type"]
    return len(types) == 1 and (types[0] == _JSON or types[0].startswith(_JSON + b";"))


async def read_body(receive: Any) -> tuple[bytes | None, Any]:
    """The body, and what gives it once more and then goes on; None for one that does not come whole."""
    messages = []
    failed: list[Exception] = []
    body = None
    try:
        while True:
            message = await receive()
            messages.append(message)
            if message["type"] != "http.request":
                break
            if not message.get("more_body"):
                body = b"".join([each.get("body", b"") for each in messages])
                messages = [{"type": "http.request", "body": body, "more_body": False}]
                break
    except Exception as error:  # noqa: BLE001 - whoever reads it next gets it
        failed.append(error)

    async def again() -> Any:
        if messages:
            return messages.pop(0)
        if failed:
            raise failed.pop()
        return await receive()

    return body, again
