"""A script writes a task turn by turn and runs the reference calls while it does, so that later turns can use real results."""

from typing import Any

from . import codec
from .environment import Environment, tools
from .errors import ToolError
from .rng import keyed
from .session import Session
from .task import AGENT, Call, Task, Turn


class Script:
    """A task in the making.

    Every turn offers all of the agent's tools but those withheld at that moment. What is wrong (a reference call that fails, a
    tool that is not offered, an answer without what it must mention) is raised as ValueError, with the turn.
    """

    def __init__(self, cls: type[Environment], state: Any):
        self.cls = cls
        self.session = Session.at(cls, state)
        # The script's calls change the state that was given; its JSON is what the task begins with.
        self.initial = codec.text(self.session.plain())
        self.withheld: set[str] = set()
        self.turns: list[Turn] = []
        self.draw = lambda stream=keyed("script"): stream.getrandbits(64)

    @property
    def state(self) -> Any:
        """The state after the calls so far."""
        return self.session.state

    def _wrong(self, problem: str) -> ValueError:
        return ValueError(f"turn {len(self.turns)}: {problem}")

    def _turn(self) -> Turn:
        if not self.turns:
            raise self._wrong("comes before the first `turn`")
        return self.turns[-1]

    def withhold(self, name: str) -> "Script":
        """From the next turn on, the tool is not offered."""
        if name not in tools(self.cls):
            raise self._wrong(f"withhold: no tool {name}")
        self.withheld.add(name)
        return self

    def release(self, name: str) -> "Script":
        """From the next turn on, the tool is offered again."""
        self.withheld.discard(name)
        return self

    def turn(self, user: str) -> "Script":
        """Begins a user turn."""
        agent = [name for name, tool in tools(self.cls).items() if tool.side == AGENT]
        self.turns.append(Turn(user, [name for name in agent if name not in self.withheld]))
        return self

    def call(self, name: str, **arguments: Any) -> Any:
        """A reference call: runs it and returns its result as JSON values."""
        try:
            return self._attempt(name, arguments)
        except ToolError as error:
            raise self._wrong(f"{name} {arguments}: {error.code}: {error}") from error

    def call_error(self, name: str, code: str, **arguments: Any) -> dict[str, Any]:
        """A reference call that is meant to fail with `code`; returns the error's details."""
        try:
            self._attempt(name, arguments)
        except ToolError as error:
            if error.code == code:
                return error.details
            raise self._wrong(f"{name} {arguments}: wanted error {code}, got {error.code}") from error
        raise self._wrong(f"{name} {arguments}: wanted error {code}, got a result")

    def _attempt(self, name: str, arguments: dict[str, Any]) -> Any:
        turn = self._turn()
        if name not in turn.offered:
            raise self._wrong(f"{name} is called and not offered")
        turn.calls.append(Call(name, arguments))
        return self.session.call(name, arguments, AGENT, self.draw)

    def answer(self, text: str) -> "Script":
        """The answer that ends the turn."""
        self._turn().answer = text
        return self

    def mention(self, *alternatives: Any) -> "Script":
        """The answer must contain one of these, whatever its case. Several calls add up."""
        words, turn = [str(word) for word in alternatives], self._turn()
        if not any(word.lower() in turn.answer.lower() for word in words):
            raise self._wrong(f"the reference answer {turn.answer!r} mentions none of {words}")
        turn.mentions.append(words)
        return self

    def finish(self, scenario: str, category: str = "base", system: str = "") -> Task:
        """The task."""
        if not self.turns:
            raise self._wrong("a task without turns")
        for at, turn in enumerate(self.turns):
            if not turn.answer.strip():
                raise ValueError(f"turn {at + 1} has no answer")
        return Task(scenario, category, system, self.initial, self.turns)
