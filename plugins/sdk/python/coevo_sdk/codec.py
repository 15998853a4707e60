"""Values as JSON and back, by type hint: states, arguments, results.

A hinted value is written in the form that a person would write (a dataclass is an object with its fields). What has no hint
is written so that it comes back the same: tuples, sets, keys that are no text, any object that pickle could take, shared
references and cycles, each under a key that begins with `$`. Chosen over pickle itself, whose bytes depend on which equal
strings are one object: here equal states have equal JSON, and a person can read it.
"""

import dataclasses
import enum
import functools
import json
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from . import rng


class Mismatch(ValueError):
    """JSON that is not of the wanted type."""

    def __init__(self, expected: str, where: str = ""):
        self.expected = expected
        self.where = where
        super().__init__(f"{where or 'value'} must be {expected}")


def canonical(plain: Any) -> str:
    """One text for equal JSON values, whatever the order of their keys."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def text(plain: Any) -> str:
    """JSON text that keeps the order of keys."""
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)


def encode(value: Any, hint: Any = Any) -> Any:
    """The JSON form of a value of that type."""
    return codec(hint)[0](value, {})


def decode(plain: Any, hint: Any = Any) -> Any:
    """The value of that type that a JSON form stands for.

    Raises Mismatch where it stands for none.
    """
    return codec(hint)[1](plain, [])


def bare(hint: Any) -> Any:
    """The type without its annotations."""
    return hint.__origin__ if hasattr(hint, "__metadata__") else hint


def alternatives(hint: Any) -> list[Any]:
    """The members of a union; a hint that is none is its own only member."""
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return list(typing.get_args(hint)) if is_union else [hint]


@functools.cache
def fields(cls: type) -> dict[str, tuple[Any, bool]]:
    """Fields of a dataclass: hint, and whether it must be given."""
    hints = typing.get_type_hints(cls, include_extras=True)
    missing = dataclasses.MISSING
    return {
        field.name: (hints[field.name], field.default is missing and field.default_factory is missing)
        for field in dataclasses.fields(cls)
    }


# An encoder is given the value and what it has met so far (by id), a decoder the JSON and what it has made so far.
Pair = tuple[Callable[[Any, dict], Any], Callable[[Any, list], Any]]


@functools.cache
def codec(hint: Any) -> Pair:
    """Encoder and decoder of a type."""
    hint = bare(hint)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in SCALARS:
        return _scalar(hint)
    if hint is None or hint is type(None):
        return (lambda value, _: None), _nothing
    if origin is typing.Literal:
        return _literal(args)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _literal(tuple(member.value for member in hint), lambda value: hint(value), lambda member: member.value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _record(hint)
    if typing.is_typeddict(hint):
        return _typed_dict(hint)
    if len(alternatives(hint)) > 1:
        return _union(alternatives(hint))
    if origin is list and args:
        return _sequence(args[0], list, "a list")
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return _sequence(args[0], tuple, "a list")
    if origin is tuple and args:
        return _tuple(args)
    if origin in (set, frozenset) and args:
        return _set(origin, args[0])
    if origin is dict and len(args) == 2 and bare(args[0]) in (str, int):
        return _mapping(bare(args[0]), args[1])
    return encode_any, decode_any


SCALARS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


def _scalar(kind: type) -> Pair:
    def read(plain: Any, _: list) -> Any:
        given = type(plain)
        if kind is float and given is int:
            return float(plain)
        # To JSON Schema 2.0 is an integer, too.
        if kind is int and given is float and plain.is_integer():
            return int(plain)
        if given is not kind:
            raise Mismatch(SCALARS[kind])
        return plain

    return (lambda value, _: float(value)) if kind is float else (lambda value, _: value), read


def _nothing(plain: Any, _: list) -> None:
    if plain is not None:
        raise Mismatch("null")


def _literal(values: tuple, make: Callable = lambda value: value, take: Callable = lambda value: value) -> Pair:
    def read(plain: Any, _: list) -> Any:
        if not any(type(plain) is type(value) and plain == value for value in values):
            raise Mismatch(f"one of {', '.join(map(str, values))}")
        return make(plain)

    return (lambda value, _: take(value)), read


def within(where: str, read: Callable, plain: Any, made: list) -> Any:
    """Reads a part, and says where it is if it is wrong."""
    try:
        return read(plain, made)
    except Mismatch as wrong:
        inner = wrong.where if not wrong.where or wrong.where.startswith("[") else f".{wrong.where}"
        raise Mismatch(wrong.expected, f"{where}{inner}") from None


def _record(cls: type) -> Pair:
    @functools.cache
    def parts() -> dict[str, tuple[Callable, Callable, bool]]:
        # When first used: a class may refer to itself.
        return {name: (*codec(hint), needed) for name, (hint, needed) in fields(cls).items()}

    def write(value: Any, met: dict) -> Any:
        if type(value) is not cls:
            raise TypeError(f"a {cls.__name__} was declared, {value!r} was found")
        return {name: part[0](getattr(value, name), met) for name, part in parts().items()}

    def read(plain: Any, made: list) -> Any:
        if type(plain) is not dict:
            raise Mismatch("an object")
        known = parts()
        for name in plain:
            if name not in known:
                raise Mismatch("left out", name)
        given = {}
        for name, (_, decoder, needed) in known.items():
            if name in plain:
                given[name] = within(name, decoder, plain[name], made)
            elif needed:
                raise Mismatch("given", name)
        return cls(**given)

    return write, read


def _typed_dict(cls: Any) -> Pair:
    @functools.cache
    def parts() -> dict[str, Pair]:
        return {name: codec(hint) for name, hint in typing.get_type_hints(cls).items()}

    def write(value: Any, met: dict) -> Any:
        return {name: parts()[name][0](item, met) for name, item in value.items()}

    def read(plain: Any, made: list) -> Any:
        if type(plain) is not dict or not cls.__required_keys__ <= plain.keys() <= parts().keys():
            raise Mismatch(f"an object with {', '.join(parts())}")
        return {name: within(name, parts()[name][1], item, made) for name, item in plain.items()}

    return write, read


def _union(members: list[Any]) -> Pair:
    pairs = [codec(member) for member in members]
    kinds = [typing.get_origin(bare(member)) or bare(member) for member in members]

    def write(value: Any, met: dict) -> Any:
        for kind, (encoder, _) in zip(kinds, pairs):
            if value is None and kind is type(None) or isinstance(kind, type) and type(value) is kind:
                return encoder(value, met)
        for kind, (encoder, _) in zip(kinds, pairs):
            if not isinstance(kind, type):
                return encoder(value, met)
        raise TypeError(f"{value!r} is none of {members}")

    def read(plain: Any, made: list) -> Any:
        wanted = []
        for _, decoder in pairs:
            try:
                return decoder(plain, made)
            except Mismatch as wrong:
                if wrong.where:  # It is this one, but for a part.
                    raise
                wanted.append(wrong.expected)
        raise Mismatch(" or ".join(wanted))

    return write, read


def _list(plain: Any) -> list:
    if type(plain) is not list:
        raise Mismatch("a list")
    return plain


def _sequence(item: Any, kind: type, expected: str) -> Pair:
    encoder, decoder = codec(item)

    def read(plain: Any, made: list) -> Any:
        return kind(within(f"[{at}]", decoder, part, made) for at, part in enumerate(_list(plain)))

    return (lambda value, met: [encoder(part, met) for part in value]), read


def _tuple(items: tuple) -> Pair:
    pairs = [codec(item) for item in items]

    def read(plain: Any, made: list) -> Any:
        if len(_list(plain)) != len(pairs):
            raise Mismatch(f"a list of {len(pairs)}")
        return tuple(within(f"[{at}]", pair[1], part, made) for at, (pair, part) in enumerate(zip(pairs, plain)))

    return (lambda value, met: [pair[0](part, met) for pair, part in zip(pairs, value, strict=True)]), read


def _set(kind: type, item: Any) -> Pair:
    encoder, decoder = codec(item)

    def read(plain: Any, made: list) -> Any:
        return kind(decoder(part, made) for part in _list(plain))

    # In one order: a set has none that a copy would share.
    return (lambda value, met: sorted((encoder(part, met) for part in value), key=canonical)), read


def _mapping(key: type, item: Any) -> Pair:
    encoder, decoder = codec(item)

    def read(plain: Any, made: list) -> Any:
        if type(plain) is not dict:
            raise Mismatch("an object")
        try:
            names = [key(name) for name in plain]
        except ValueError:
            raise Mismatch("an object whose keys are whole numbers") from None
        return {name: within(str(name), decoder, part, made) for name, part in zip(names, plain.values())}

    return (lambda value, met: {str(name): encoder(part, met) for name, part in value.items()}), read


PLAIN = (str, int, bool, type(None))


def encode_any(value: Any, met: dict) -> Any:
    """As JSON where it is JSON, else in a form that `decode_any` reads back."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is float:
        return value if value - value == 0 else {"$float": repr(value)}
    if kind is tuple:
        return {"$tuple": [encode_any(part, met) for part in value]}
    if kind is bytes:
        return {"$bytes": value.hex()}
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
        return {"$global": f"{value.__module__}:{value.__qualname__}"}
    if id(value) in met:
        return {"$ref": met[id(value)][0]}
    # The value itself is kept too, so that its id is not given to another while this goes on.
    met[id(value)] = (len(met), value)
    if kind is list:
        return [encode_any(part, met) for part in value]
    if kind is dict:
        if all(type(name) is str and not name.startswith("$") for name in value):
            return {name: encode_any(part, met) for name, part in value.items()}
        return {"$dict": [[encode_any(name, met), encode_any(part, met)] for name, part in value.items()]}
    if kind in (set, frozenset):
        return {f"${kind.__name__}": sorted((encode_any(part, met) for part in value), key=canonical)}
    return _encode_object(value, met)


def _encode_object(value: Any, met: dict) -> Any:
    reduced = value.__reduce_ex__(2)
    if isinstance(reduced, str):
        return {"$global": f"{value.__module__}:{reduced}"}
    make, args, state, items, pairs = (*reduced, None, None, None)[:5]
    out: dict[str, Any] = {"$make": f"{make.__module__}:{make.__qualname__}"}
    if args:
        out["args"] = [encode_any(part, met) for part in args]
    if state is not None:
        out["state"] = encode_any(state, met)
    if items is not None:
        out["items"] = [encode_any(part, met) for part in items]
    if pairs is not None:
        out["pairs"] = [[encode_any(name, met), encode_any(part, met)] for name, part in pairs]
    return out


def decode_any(plain: Any, made: list) -> Any:
    """What `encode_any` wrote."""
    if type(plain) is list:
        out: Any = []
        made.append(out)
        out.extend(decode_any(part, made) for part in plain)
        return out
    if type(plain) is not dict:
        return plain
    tag = next(iter(plain), "")
    if not tag.startswith("$"):
        out = {}
        made.append(out)
        for name, part in plain.items():
            out[name] = decode_any(part, made)
        return out
    content = plain[tag]
    if tag == "$float":
        return float(content)
    if tag == "$tuple":
        return tuple([decode_any(part, made) for part in content])
    if tag == "$bytes":
        return bytes.fromhex(content)
    if tag == "$global":
        return _find(content)
    if tag == "$ref":
        return made[content]
    at = len(made)
    made.append(None)
    if tag == "$dict":
        made[at] = out = {}
        for name, part in content:
            key = decode_any(name, made)
            out[key] = decode_any(part, made)
        return out
    if tag in ("$set", "$frozenset"):
        made[at] = out = (set if tag == "$set" else frozenset)([decode_any(part, made) for part in content])
        return out
    if tag == "$make":
        return _decode_object(plain, made, at)
    raise Mismatch("of a known form", tag)


def _decode_object(plain: dict, made: list, at: int) -> Any:
    make = _find(plain["$make"])
    args = [decode_any(part, made) for part in plain.get("args", [])]
    if not args and isinstance(make, type) and issubclass(make, rng.Generator):
        args = [0]  # Its state follows; without a seed it would look for entropy.
    out = make(*args)
    made[at] = out
    if "state" in plain:
        state = decode_any(plain["state"], made)
        if hasattr(out, "__setstate__"):
            out.__setstate__(state)
        else:
            own, slots = state if isinstance(state, tuple) else (state, None)
            out.__dict__.update(own or {})
            for name, part in (slots or {}).items():
                setattr(out, name, part)
    for part in plain.get("items", []):
        out.append(decode_any(part, made))
    for name, part in plain.get("pairs", []):
        key = decode_any(name, made)
        out[key] = decode_any(part, made)
    return out


def _find(name: str) -> Any:
    """A class or function by `module:name`. Its module was imported before, or there is no such thing."""
    module, _, path = name.partition(":")
    found = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise Mismatch("something that this environment has", name)
    return found
