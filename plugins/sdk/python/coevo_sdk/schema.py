"""JSON Schema (draft 2020-12) from type hints, and the arguments of a call by their schema."""

import dataclasses
import enum
import inspect
import re
import typing
from typing import Any

from .codec import Mismatch, alternatives, bare, codec, fields
from .errors import MissingArgument, WrongType


@dataclasses.dataclass(frozen=True)
class Range:
    """`Annotated[int, Range(1, 9)]`: a number from `low` to `high`, both included."""

    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Pattern:
    """`Annotated[str, Pattern("^b[0-9]+$")]`: a text that matches (ECMA 262: anchor it yourself)."""

    regex: str


SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema(hint: Any, doc: str = "") -> dict[str, Any]:
    """The JSON Schema of a hint; its annotations refine it, a text among them is the description."""
    out = _of(bare(hint))
    for note in getattr(hint, "__metadata__", ()):
        match note:
            case str():
                doc = doc or note
            case Range():
                out |= {"minimum": note.low, "maximum": note.high}
            case Pattern():
                out["pattern"] = note.regex
    if doc:
        out["description"] = doc
    return out


def _of(hint: Any) -> dict[str, Any]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is None:
        return {"type": "null"}
    if isinstance(hint, type) and hint in SCALARS:
        return {"type": SCALARS[hint]}
    if origin is typing.Literal:
        return _words(list(args))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _words([member.value for member in hint])
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return record({name: (inner, needed, "") for name, (inner, needed) in fields(hint).items()}, closed=False)
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        return record({name: (inner, name in hint.__required_keys__, "") for name, inner in hints.items()}, closed=False)
    members = alternatives(hint)
    if len(members) > 1:
        parts = [schema(member) for member in members]
        if all(list(part) == ["type"] for part in parts):
            return {"type": [part["type"] for part in parts]}
        return {"anyOf": parts}
    if origin in (list, set, frozenset) or origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return {"type": "array", "items": schema(args[0])}
    if origin is tuple:
        return {"type": "array", "prefixItems": [schema(part) for part in args], "items": False}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema(args[1])}
    if hint in (list, tuple):
        return {"type": "array"}
    if hint is dict:
        return {"type": "object"}
    if hint in (Any, object, inspect.Parameter.empty):
        return {}
    raise TypeError(f"{hint!r} has no JSON Schema: use str, int, float, bool, list, dict, Literal, a dataclass, …")


def _words(values: list[Any]) -> dict[str, Any]:
    kinds = {SCALARS[type(value)] for value in values}
    return ({"type": kinds.pop()} if len(kinds) == 1 else {}) | {"enum": values}


def record(properties: dict[str, tuple[Any, bool, str]], closed: bool) -> dict[str, Any]:
    """The schema of an object: (hint, whether required, description) of each property."""
    out: dict[str, Any] = {
        "type": "object",
        "properties": {name: schema(hint, doc) for name, (hint, _, doc) in properties.items()},
        "required": [name for name, (_, required, _) in properties.items() if required],
    }
    return out | {"additionalProperties": False} if closed else out


def optional(hint: Any) -> Any:
    """The hint of an argument that may be left out: `None` stands for left out, and is not a value of its own."""
    if hasattr(hint, "__metadata__"):
        return typing.Annotated[(optional(hint.__origin__), *hint.__metadata__)]
    members = [member for member in alternatives(hint) if member not in (None, type(None))]
    return typing.Union[tuple(members)]


class Arguments:
    """The parameters of a tool."""

    def __init__(self, function: Any):
        hints = typing.get_type_hints(function, include_extras=True)
        docs = described(function.__doc__ or "")
        self.properties: dict[str, tuple[Any, bool, str]] = {}
        for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise TypeError(f"{function.__name__}: {parameter} cannot be an argument of a tool: name each argument")
            if name not in hints:
                raise TypeError(f"{function.__name__}: argument {name} has no type hint")
            needed = parameter.default is parameter.empty
            hint = hints[name] if needed else optional(hints[name])
            self.properties[name] = (hint, needed, docs.get(name, ""))

    def schema(self) -> dict[str, Any]:
        return record(self.properties, closed=True)

    def read(self, given: Any) -> dict[str, Any]:
        """The arguments of a call as values.

        Raises WrongType and MissingArgument, which name the argument. The host has checked an agent's calls before; a
        reference call is checked here.
        """
        if type(given) is not dict:
            raise WrongType("arguments must be an object")
        for name in given:
            if name not in self.properties:
                raise WrongType(f"{name} is no argument", argument=name)
        out = {}
        for name, (hint, needed, _) in self.properties.items():
            if name in given:
                out[name] = self._one(name, hint, given[name])
            elif needed:
                raise MissingArgument(argument=name)
        return out

    def _one(self, name: str, hint: Any, plain: Any) -> Any:
        try:
            value = codec(hint)[1](plain, [])
        except Mismatch as wrong:
            place = f"{name}{'' if wrong.where.startswith('[') or not wrong.where else '.'}{wrong.where}"
            raise WrongType(f"{place} must be {wrong.expected}", argument=name, expected=wrong.expected) from None
        for note in getattr(hint, "__metadata__", ()):
            expected = None
            if isinstance(note, Range) and not note.low <= value <= note.high:
                expected = f"{note.low} to {note.high}"
            if isinstance(note, Pattern) and not re.search(note.regex, value):
                expected = f"text that matches {note.regex}"
            if expected is not None:
                raise WrongType(f"{name} must be {expected}", argument=name, expected=expected)
        return value


def described(docstring: str) -> dict[str, str]:
    """Descriptions of arguments: the lines `name: what it is` after the first paragraph."""
    _, _, rest = inspect.cleandoc(docstring).partition("\n\n")
    lines = re.findall(r"^\s*(\w+)(?:\s*\([^)]*\))?:\s+(\S.*)$", rest, re.MULTILINE)
    return {name: text.strip() for name, text in lines}
