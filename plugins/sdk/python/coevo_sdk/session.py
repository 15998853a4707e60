"""One episode: the state, and what is derived from it."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from . import clock, codec
from .environment import Environment, tools
from .errors import NoEpisode, ToolError, UnknownTool
from .rng import Ambient, keyed
from .task import Task


def quiet(_level: str, _text: str) -> None:
    """A log that keeps nothing."""


class Session:
    """Empty until `reset`."""

    def __init__(self, cls: type[Environment], log: Callable[[str, str], None] = quiet):
        self.cls = cls
        self.log = log
        self.state: Any = None
        self.calls = 0
        self.begun = False
        self._plain: Any = None
        tools(cls)

    @classmethod
    def at(cls, environment: type[Environment], state: Any) -> "Session":
        """An episode that begins in `state`."""
        session = cls(environment)
        session._begin(state, 0)
        return session

    def _begin(self, state: Any, calls: int) -> None:
        self.state, self.calls, self.begun, self._plain = state, calls, True, None

    def reset(self, text: str) -> None:
        """Begins an episode. Raises ValueError where the text is no state."""
        self._begin(self.cls.initial(text), 0)

    def plain(self) -> Any:
        """The state as JSON values."""
        if self._plain is None and self.begun:
            self._plain = self.cls.dump(self.state)
        return self._plain

    def call(self, name: str, given: Any, side: str, draw: Callable[[], int]) -> Any:
        """Runs a tool; the result as JSON values. Raises ToolError."""
        if not self.begun:
            raise NoEpisode()
        found = tools(self.cls).get(name)
        if found is None:
            raise UnknownTool(tool=name)
        # What the state was is needed only to put it back.
        before = self.plain() if found.mutates and self.cls.rolls_back else None
        environment = self.cls.__new__(self.cls)
        environment.state, environment.now_ms, environment.side = self.state, self.calls, side
        environment._draw, environment._log = draw, self.log
        clock.now_ms = self.calls
        self.calls += 1
        self._plain = None
        Ambient.draw = draw
        try:
            result = found.run(environment, given)
        except ToolError:
            if before is not None and self.plain() != before:
                self.state = self.cls.load(before)
                self._plain = before
            raise
        finally:
            Ambient.draw = None
        self.state = environment.state
        if len(vars(environment)) != 5:
            extra = vars(environment).keys() - {"state", "now_ms", "side", "_draw", "_log"}
            raise TypeError(f"{name} sets self.{min(extra)}, which the next call will not find: keep it in the state")
        return result

    def view(self) -> Any:
        """The state as people see it, as JSON values."""
        return self.cls.view(self.state, self.plain()) if self.begun else None

    def hash(self) -> int:
        """64 bits that are equal for equal states; 0 before the first reset. The number of calls is no part of it."""
        if not self.begun:
            return 0
        text = codec.canonical(self.view())
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")

    def shown(self) -> str:
        """The state as JSON text for people."""
        return codec.text(self.view())

    def snapshot(self) -> bytes:
        """The episode. Raises ValueError before the first reset."""
        if not self.begun:
            raise ValueError(NoEpisode.message)
        return codec.text([self.calls, self.plain()]).encode()

    def restore(self, snapshot: bytes) -> None:
        """Continues from a snapshot of any instance. Raises ValueError where it is none."""
        try:
            calls, plain = json.loads(snapshot)
            state = self.cls.load(plain)
        except Exception as error:
            raise ValueError(f"snapshot: {error}") from error
        self._begin(state, calls)


def generate(cls: type[Environment], split: str, index: int, seed: int) -> Task:
    """The task at `index` of a split. Raises ValueError where there is none."""
    if not 0 <= index < cls.splits.get(split, 0):
        raise ValueError(f"no task {index} in {split!r}")
    rng = keyed(split, index, seed)
    Ambient.draw = lambda: rng.getrandbits(64)
    task = cls.generate(split, index, rng)
    Ambient.draw = None
    task.id = task.id or f"{cls.name}:{split}:{index}:{seed}"
    return task
