"""What an author writes: a class with tools, its state, and tasks."""

import inspect
import re
import typing
from collections.abc import Callable
from typing import Any

from . import codec
from .errors import ToolError
from .rng import Stream
from .schema import Arguments, schema
from .task import AGENT, Message, Task, TurnRecord, UserEvent, Verdict


class Tool:
    """What can be called from outside; made by `tool` from a method, or by `Environment.more_tools` as a class derived from this one."""

    name: str
    description: str
    mutates: bool = True
    preconditions: list[str] = []
    errors: list[type[ToolError]] = []
    side: str = AGENT

    def arguments_schema(self) -> dict[str, Any]:
        raise NotImplementedError

    def result_schema(self) -> dict[str, Any]:
        return {}

    def run(self, environment: "Environment", given: Any) -> Any:
        """Runs a call with JSON arguments; the result as JSON."""
        raise NotImplementedError


class Method(Tool):
    """A tool that is a method of the environment."""

    def __init__(self, function: Any, mutates: bool, pre: list[str], errors: list[type[ToolError]], side: str):
        self.function = function
        self.name = function.__name__
        self.description = inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        if not self.description:
            raise TypeError(f"tool {self.name} has no docstring: it is what the agent is told of the tool")
        self.mutates, self.preconditions, self.errors, self.side = mutates, pre, errors, side
        self.arguments = Arguments(function)
        returned = typing.get_type_hints(function, include_extras=True).get("return", Any)
        self.returns = None if returned is type(None) else returned

    def arguments_schema(self) -> dict[str, Any]:
        return self.arguments.schema()

    def result_schema(self) -> dict[str, Any]:
        return {"type": "object", "properties": {}} if self.returns is None else schema(self.returns)

    def run(self, environment: "Environment", given: Any) -> Any:
        result = self.function(environment, **self.arguments.read(given))
        return {} if self.returns is None else codec.encode(result, self.returns)


def tool(
    function: Any = None,
    *,
    mutates: bool = False,
    pre: str | list[str] = (),
    errors: list[type[ToolError]] = (),
    side: str = AGENT,
) -> Any:
    """Makes a method a tool. Its docstring is what the agent is told, its hints are the schema.

    mutates: whether a successful call may change the state
    pre: rules that must hold before a call, one sentence each
    errors: the errors that it may raise
    side: `user` for a tool that only the simulated user may call
    """

    def mark(function: Any) -> Any:
        function.__tool__ = (mutates, [pre] if isinstance(pre, str) else list(pre), list(errors), side)
        return function

    return mark if function is None else mark(function)


class Environment:
    """A world with tools, and tasks in it. Derive from it, and end the module with `export(YourEnvironment)`.

    `self.state` is the whole state of an episode: a dataclass (annotate it: `state: State`), or any plain data. Snapshots, the
    state hash and equality are derived from it. Everything must be deterministic: use `self.random` and `self.now_ms`, never a
    clock or the `random` module. A tool that raises a ToolError leaves the state as it was: the SDK sees to it.
    """

    name: str
    version: str
    splits: dict[str, int]
    categories: list[str] = ["base"]
    reward: tuple[float, float] = (0.0, 1.0)
    rolls_back: bool = True
    """Whether the state is put back where a tool raises a ToolError. Say False where no tool changes it before."""

    state: Any
    now_ms: int
    """Number of tool calls before this one in the episode: the only clock there is."""
    side: str
    """Who calls: agent or user."""

    _draw: Callable[[], int]
    _log: Callable[[str, str], None]

    @property
    def random(self) -> Stream:
        """The episode's random stream, as a `random.Random`."""
        return Stream(self._draw)

    def log(self, text: str, level: str = "info") -> None:
        """Diagnostic output, kept beside the episode and never shown to the agent: debug, info, warn or error."""
        self._log(level, text)

    @classmethod
    def generate(cls, split: str, index: int, rng: Any) -> Task:
        """The task at `index` of a split; use a Script. `rng` is a `random.Random` keyed by (split, index, seed).

        Tasks that share a scenario must stay in one split. The split is known and the index is in its range.
        """
        raise ValueError(f"{cls.name} generates no tasks")

    @classmethod
    def initial(cls, text: str) -> Any:
        """The state that a task's `initial_state` stands for."""
        return cls.load(codec.json.loads(text))

    @classmethod
    def dump(cls, state: Any) -> Any:
        """The state as JSON values. Whatever decides a later result must be in it."""
        return codec.encode(state, state_hint(cls))

    @classmethod
    def load(cls, plain: Any) -> Any:
        """The state that `dump` gave."""
        return codec.decode(plain, state_hint(cls))

    @classmethod
    def view(cls, state: Any, plain: Any) -> Any:
        """What people see of a state and what its hash covers, as JSON values: all that `dump` gave, unless some of it makes no
        difference to anybody."""
        return plain

    @classmethod
    def more_tools(cls) -> list[Tool]:
        """Tools that are no methods, such as the functions of another library with their own schemas."""
        return []

    @classmethod
    def import_task(cls, data: str) -> Task:
        """Turns external task data into a task."""
        raise ValueError(f"{cls.name} imports no tasks")

    @classmethod
    def next_user(cls, profile: str, turn: int, conversation: list[Message]) -> UserEvent:
        """The simulated user's next message, a function of the private profile and the conversation so far."""
        raise ValueError("every turn of this environment is scripted")

    @classmethod
    def verify(cls, task: Task, turns: list[TurnRecord], draw: Callable[[], int]) -> Verdict:
        """Judges a finished episode: by re-execution beside the reference, unless you have a scorer of your own."""
        from .verify import verify

        return verify(cls, task, turns, draw)


def state_hint(cls: type[Environment]) -> Any:
    return STATES.get(cls, Any)


STATES: dict[type[Environment], Any] = {}
TOOLS: dict[type[Environment], dict[str, Tool]] = {}


def tools(cls: type[Environment]) -> dict[str, Tool]:
    """The tools of an environment by name, in the order in which they are written."""
    if cls not in TOOLS:
        marked = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
        marked = {name: value for name, value in marked.items() if hasattr(value, "__tool__")}
        methods = {name: Method(function, *function.__tool__) for name, function in marked.items()}
        TOOLS[cls] = methods | {each.name: each for each in cls.more_tools()}
        hint = typing.get_type_hints(cls).get("state", Any)
        codec.codec(hint)
        STATES[cls] = hint
    return TOOLS[cls]


exported: list[type[Environment]] = []


def export(cls: type[Environment]) -> type[Environment]:
    """Names the environment that a module is. What is wrong with its declarations is said here."""
    for name in ("name", "version", "splits"):
        if not hasattr(cls, name):
            raise TypeError(f"{cls.__name__} has no `{name}`: name = \"shop\", version = \"1.0.0\", splits = {{\"train\": 400}}")
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", cls.name):
        raise TypeError(f"{cls.__name__}.name is {cls.name!r}: lower-case letters, digits, - and _")
    if not tools(cls):
        raise TypeError(f"{cls.__name__} has no tools: mark its methods with @tool")
    for each in tools(cls).values():
        each.arguments_schema(), each.result_schema()
    exported[:] = [cls]
    return cls
