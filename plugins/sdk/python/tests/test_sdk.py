"""The SDK natively: values, schemas, sessions, verdicts. Run from `plugins/sdk/python` with `python -m unittest discover tests`."""

import enum
import pathlib
import random
import subprocess
import sys
import unittest
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from coevo_sdk import Environment, Pattern, Range, Script, ToolError, codec, conformance, export, tool
from coevo_sdk import task as t
from coevo_sdk.environment import tools
from coevo_sdk.rng import Stream, keyed
from coevo_sdk.schema import Arguments, schema
from coevo_sdk.session import Session


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Leaf:
    size: float
    next: "Leaf | None" = None


class Words(TypedDict):
    one: str
    two: list[int]


@dataclass
class Tree:
    leaves: dict[int, Leaf]
    colour: Colour
    pair: tuple[int, str]
    names: set[str]
    rest: Any = None
    kind: Literal["oak", "ash"] = "oak"


class Node:
    """No dataclass, with a cycle."""

    def __init__(self, name: str):
        self.name, self.parent, self.children = name, None, []

    def add(self, child: "Node") -> "Node":
        child.parent = self
        self.children.append(child)
        return self


def copied(value: Any, hint: Any = Any) -> Any:
    """Through JSON text and back; a second copy has the same text."""
    text = codec.text(codec.encode(value, hint))
    out = codec.decode(codec.json.loads(text), hint)
    assert codec.text(codec.encode(out, hint)) == text, text
    return out


class TestCodec(unittest.TestCase):
    def test_hinted_values_are_written_as_a_person_would(self) -> None:
        tree = Tree({3: Leaf(1, Leaf(0.5))}, Colour.BLUE, (1, "a"), {"y", "x"})
        plain = codec.encode(tree, Tree)
        leaves = {"3": {"size": 1.0, "next": {"size": 0.5, "next": None}}}
        want = {"leaves": leaves, "colour": "blue", "pair": [1, "a"], "names": ["x", "y"], "rest": None, "kind": "oak"}
        self.assertEqual(plain, want)
        self.assertEqual(copied(tree, Tree), tree)

    def test_anything_comes_back_as_it_was(self) -> None:
        shared = [1]
        values = [
            None, True, 1, -(10**40), 1.5, float("inf"), "é\U0001f980", b"\x00\xff", (1, (2,)), {1: "a", (2, 3): [None]}, {"$x": 1},
            {3, 1, 2}, frozenset({"a"}), Decimal("1.10"), datetime(2026, 1, 2, 3), date(2026, 1, 2), Colour.RED, deque([1, 2]),
            OrderedDict(b=1, a=2), Leaf(2.0), [shared, shared], int, len,
        ]  # fmt: skip
        for value in values:
            out = copied(value)
            self.assertEqual(out, value)
            self.assertIs(type(out), type(value))
        twice = copied([shared, shared])
        self.assertIs(twice[0], twice[1])

    def test_objects_with_cycles_and_generators(self) -> None:
        root = copied(Node("root").add(Node("leaf")))
        self.assertIs(root.children[0].parent, root)
        source = random.Random(7)
        source.random()
        self.assertEqual(copied(source).random(), source.random())

    def test_what_does_not_fit_is_named(self) -> None:
        cases = [
            (int, 1.5, "value must be a whole number"), (int, True, "a whole number"), (float, "1", "a number"), (str, 1, "a string"),
            (list[int], [1, "2"], "[1] must be a whole number"), (Leaf, {}, "size must be given"), (Leaf, {"size": 1, "x": 1}, "x must be left out"),
            (Leaf, {"size": 1, "next": {"size": "s"}}, "next.size must be a number"), (Leaf, {"size": 1, "next": 3}, "next must be an object or null"), (Colour, "green", "one of red, blue"),
            (dict[int, str], {"a": "b"}, "keys are whole numbers"), (tuple[int, str], [1], "a list of 2"), (dict[str, Leaf], {"k": []}, "k must be an object"),
        ]  # fmt: skip
        for hint, plain, want in cases:
            with self.assertRaises(codec.Mismatch) as caught:
                codec.decode(plain, hint)
            self.assertIn(want, str(caught.exception))

    def test_a_whole_number_may_have_a_fraction_of_nothing(self) -> None:
        self.assertEqual([codec.decode(2.0, int), codec.decode(1e300, int)], [2, int(1e300)])
        self.assertIs(type(codec.decode(2.0, int)), int)


class TestSchema(unittest.TestCase):
    def test_hints(self) -> None:
        cases = [
            (str, {"type": "string"}), (int | str, {"type": ["integer", "string"]}), (list[float], {"type": "array", "items": {"type": "number"}}),
            (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}), (Colour, {"type": "string", "enum": ["red", "blue"]}),
            (dict[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}), (Any, {}), (dict, {"type": "object"}),
            (Annotated[int, Range(1, 9), "how many"], {"type": "integer", "minimum": 1, "maximum": 9, "description": "how many"}),
            (Annotated[str, Pattern("^b")], {"type": "string", "pattern": "^b"}), (int | None, {"type": ["integer", "null"]}),
            (Words, {"type": "object", "properties": {"one": {"type": "string"}, "two": {"type": "array", "items": {"type": "integer"}}}, "required": ["one", "two"]}),
        ]  # fmt: skip
        for hint, want in cases:
            self.assertEqual(schema(hint), want)
        with self.assertRaisesRegex(TypeError, "has no JSON Schema"):
            schema(Node)

    def test_arguments_are_described_and_checked(self) -> None:
        def buy(self: Any, what: str, count: Annotated[int, Range(1, 9)] = 1, gift: bool | None = None) -> None:
            """buy something

            what: name of a thing
            gift (optional): whether it is wrapped
            """

        arguments = Arguments(buy)
        got = arguments.schema()
        self.assertEqual((got["required"], got["additionalProperties"]), (["what"], False))
        self.assertEqual(got["properties"]["what"], {"type": "string", "description": "name of a thing"})
        self.assertEqual(got["properties"]["gift"], {"type": "boolean", "description": "whether it is wrapped"})
        self.assertEqual(arguments.read({"what": "x", "count": 2.0}), {"what": "x", "count": 2})
        cases = [
            ({}, "missing_argument", "what is required"), ({"what": 1}, "wrong_type", "what must be a string"),
            ({"what": "x", "count": 10}, "wrong_type", "count must be 1 to 9"), ({"what": "x", "kind": 1}, "wrong_type", "kind is no argument"),
            ([], "wrong_type", "arguments must be an object"),
        ]  # fmt: skip
        for given, code, message in cases:
            with self.assertRaises(ToolError) as caught:
                arguments.read(given)
            self.assertEqual((caught.exception.code, str(caught.exception)), (code, message))


class Full(ToolError):
    """nothing more fits"""

    message = "there are {count} already"


@dataclass
class Box:
    things: list[str] = field(default_factory=list)


class Boxes(Environment):
    """boxes"""

    name = "boxes"
    version = "1.0.0"
    splits = {"train": 4}
    state: Box

    @tool(mutates=True, errors=[Full])
    def put(self, what: str) -> int:
        """put something in"""
        self.state.things.append(what)
        if len(self.state.things) > 2:
            raise Full(count=2)
        return len(self.state.things)

    @tool
    def look(self) -> list[str]:
        """what is in it"""
        return self.state.things

    @tool(mutates=True)
    def shake(self) -> list[str]:
        """mix what is in it"""
        self.random.shuffle(self.state.things)
        self.state.things.append(str(self.now_ms))
        return self.state.things

    @tool
    def leak(self) -> None:
        """keep something aside"""
        self.aside = 1

    @classmethod
    def generate(cls, split: str, index: int, rng: random.Random) -> t.Task:
        script = Script(cls, Box())
        word = f"{split}{index}{rng.randint(0, 9)}"
        script.turn(f"Put {word} in.").call("put", what=word)
        script.answer("Done.").turn("What is in it?")
        script.answer(f"There is {script.call('look')[0]}.").mention(word)
        return script.finish(f"{split}-{index}")


class TestBoxes(conformance.Conformance):
    environment = Boxes

    def test_an_error_leaves_the_state_as_it_was(self) -> None:
        session = Session.at(Boxes, Box(["a", "b"]))
        hash = session.hash()
        with self.assertRaises(Full):
            session.call("put", {"what": "c"}, t.AGENT, lambda: 0)
        self.assertEqual((session.hash(), session.state), (hash, Box(["a", "b"])))

    def test_what_is_set_on_self_is_refused(self) -> None:
        with self.assertRaisesRegex(TypeError, "leak sets self.aside"):
            Session.at(Boxes, Box()).call("leak", {}, t.AGENT, lambda: 0)

    def test_chance_and_clock_are_the_episodes(self) -> None:
        source = [keyed("x"), keyed("x")]
        runs = []
        for stream in source:
            session = Session.at(Boxes, Box(["a", "b"]))
            runs.append([session.call("shake", {}, t.AGENT, lambda: stream.getrandbits(64)) for _ in range(2)])
        self.assertEqual(runs[0], runs[1])
        self.assertIn("1", runs[0][1])
        draws = Stream(lambda: 1 << 63)
        self.assertEqual((draws.random(), draws.getrandbits(1), draws.getrandbits(65)), (0.5, 1, 1 << 64 | 1))

    def test_in_a_component_libraries_get_the_episodes_clock_and_chance(self) -> None:
        code = """
import sys
sys.path.insert(0, sys.argv[1])
from coevo_sdk import clock, rng, codec
clock.install()
rng.install()
import copy, random, secrets, time, uuid
from datetime import date, datetime, timedelta
import test_sdk as t
clock.now_ms = 1500
assert (datetime.now(), date.today()) == (clock.Real(2026, 1, 1, 0, 0, 1, 500000), date(2026, 1, 1)), datetime.now()
assert time.time() == datetime.now().timestamp() - datetime(1970, 1, 1).timestamp() and time.strftime("%Y") == "2026"
assert isinstance(datetime.now() + timedelta(1), datetime) and isinstance(clock.Real(2026, 1, 1), datetime)
for value in [datetime(2026, 1, 2), date(2026, 1, 2), random.Random(3)]:
    assert codec.text(codec.encode(t.copied(value))) == codec.text(codec.encode(copy.copy(value)))
rng.Ambient.draw = lambda: 1 << 63
assert random.random() == 0.5 and random.Random().random() == random.Random(1 << 63).random()
assert uuid.uuid4() == uuid.uuid4() and secrets.token_hex(2) == "0080"
rng.Ambient.draw = None
assert random.Random().random() == random.Random(0).random()
try:
    random.random()
except RuntimeError as error:
    assert "use a seed" in str(error)
else:
    raise AssertionError
"""
        here = pathlib.Path(__file__).parent
        done = subprocess.run([sys.executable, "-B", "-c", code, str(ROOT)], cwd=here, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_verdicts_say_why(self) -> None:
        task = Boxes.generate("train", 0, keyed(0))
        word = task.turns[0].calls[0].arguments["what"]

        def record(name: str, answer: str, **arguments: Any) -> t.TurnRecord:
            return t.TurnRecord([t.CallRecord(t.Call(name, arguments), t.EXECUTED)], answer)

        good, look = record("put", "Done.", what=word), record("look", f"There is {word}.")
        cases = [
            ([good, look], [None, None]), ([record("put", "Done.", what="z"), look], [t.INSTANCE_MISMATCH, t.INSTANCE_MISMATCH]),
            ([good, record("look", "No idea.")], [None, t.RESPONSE_MISMATCH]), ([good], [None, t.EMPTY_TURN]), ([], [t.EMPTY_TURN, t.EMPTY_TURN]),
        ]  # fmt: skip
        for turns, want in cases:
            verdict = Boxes.verify(task, turns, lambda: 0)
            failures = [turn.failure for turn in verdict.turns]
            # A box with another word in it differs in an element, and the list is directly below the root.
            failures = [t.INSTANCE_MISMATCH if f == t.STATE_MISMATCH else f for f in failures]
            self.assertEqual((failures, verdict.reward), (want, float(want == [None, None])))
        with self.assertRaises(ValueError):
            Boxes.verify(task, [good, look, look], lambda: 0)

    def test_a_script_refuses_what_is_unsound(self) -> None:
        cases = [
            (lambda s: s.call("put", what="a"), "comes before the first"), (lambda s: s.turn("x").call("put"), "what is required"),
            (lambda s: s.withhold("look").turn("x").call("look"), "not offered"), (lambda s: s.turn("x").finish("s"), "no answer"),
            (lambda s: s.turn("x").answer("a").mention("b"), "mentions none"), (lambda s: s.withhold("lok"), "no tool lok"), (lambda s: s.finish("s"), "without turns"),
        ]  # fmt: skip
        for write, want in cases:
            with self.assertRaisesRegex(ValueError, want):
                write(Script(Boxes, Box()))

    def test_declarations_are_checked_when_exported(self) -> None:
        class Nameless(Environment):
            pass

        class Silent(Boxes):
            @tool
            def hum(self) -> None: ...

        for cls, want in [(Nameless, "has no `name`"), (Silent, "hum has no docstring")]:
            with self.assertRaisesRegex(TypeError, want):
                export(cls)


class TestReadme(unittest.TestCase):
    def test_its_example_is_an_environment(self) -> None:
        code = (ROOT / "README.md").read_text().split("```python\n")[1].split("```")[0]
        module = type(sys)("readme")
        sys.modules["readme"] = module
        exec(compile(code, "README.md", "exec"), vars(module))
        counter = module.Counter
        self.assertEqual(list(tools(counter)), ["add"])
        task = counter.generate("train", 0, keyed(1))
        records = [t.TurnRecord([t.CallRecord(call, t.EXECUTED) for call in turn.calls], turn.answer) for turn in task.turns]
        self.assertEqual(counter.verify(task, records, lambda: 0).reward, 1.0)


if __name__ == "__main__":
    unittest.main()
