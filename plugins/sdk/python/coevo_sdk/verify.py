"""Judging a finished episode by re-execution.

Two copies begin in the task's initial state and read the same random stream. Turn by turn one plays the reference's calls, the
other what the agent did. A turn whose reference makes no call passes if the agent attempted none. Any other passes if the states are
equal afterwards and every result that the reference got in this turn from a tool that does not change the state is among all
results that the agent has had so far. In both, the answer must have the mentions. The reward is 1 if every turn passes, else 0.
"""

from collections.abc import Callable
from typing import Any

from . import task as t
from .codec import canonical
from .environment import Environment, tools
from .errors import ToolError
from .session import Session


class Replica:
    """One of the two, at its own place of the tape that both read."""

    def __init__(self, cls: type[Environment], initial: str, tape: list[int], source: Callable[[], int]):
        self.session = Session(cls)
        self.session.reset(initial)
        self.tape, self.source, self.at = tape, source, 0

    def draw(self) -> int:
        if self.at == len(self.tape):
            self.tape.append(self.source())
        self.at += 1
        return self.tape[self.at - 1]

    def run(self, call: t.Call, side: str) -> str | None:
        """The result, as text that is equal for equal results; `None` for an error."""
        try:
            return canonical(self.session.call(call.name, call.arguments, side, self.draw))
        except ToolError:
            return None


def verify(cls: type[Environment], task: t.Task, turns: list[t.TurnRecord], draw: Callable[[], int]) -> t.Verdict:
    """Judges an episode. `draw` is the random stream that the episode had.

    Raises ValueError where the task is none of this environment, or has fewer turns than were played.
    """
    if len(turns) > len(task.turns):
        raise ValueError(f"{len(turns)} turns were played, the task has {len(task.turns)}")
    tape: list[int] = []
    reference, agent = (Replica(cls, task.initial_state, tape, draw) for _ in range(2))
    seen: list[str] = []
    verdicts = []
    for at, wanted in enumerate(task.turns):
        record = turns[at] if at < len(turns) else t.TurnRecord()
        made = [each for each in record.calls if each.status != t.REJECTED]
        for each in made:
            if each.side == t.USER:
                reference.run(each.call, t.USER)
        needed = []
        for call in wanted.calls:
            result = reference.run(call, t.AGENT)
            if result is not None and not tools(cls)[call.name].mutates:
                needed.append(result)
        for each in made:
            result = agent.run(each.call, each.side)
            if result is not None and each.side == t.AGENT:
                seen.append(result)
        verdicts.append(_judge(reference, agent, wanted, record, needed, seen))
    passed = all(verdict.failure is None for verdict in verdicts)
    return t.Verdict(1.0 if passed else 0.0, verdicts)


def _judge(
    reference: Replica, agent: Replica, wanted: t.Turn, record: t.TurnRecord, needed: list[str], seen: list[str]
) -> t.TurnVerdict:
    attempts = [each for each in record.calls if each.side == t.AGENT]
    if not wanted.calls:
        if attempts:
            return t.TurnVerdict(t.SPURIOUS_CALL, f"{attempts[0].call.name} was called, no call was wanted")
        return judge_answer(wanted, record)
    state = compare(reference.session.plain(), agent.session.plain())
    missing = lacking(needed, seen)
    if not attempts and (state or missing):
        return t.TurnVerdict(t.EMPTY_TURN, f"{wanted.calls[0].name} was needed")
    if state:
        return state
    if missing:
        return t.TurnVerdict(t.RESPONSE_MISMATCH, f"never obtained {missing}")
    return judge_answer(wanted, record)


def compare(want: Any, have: Any) -> t.TurnVerdict | None:
    """Nothing where two states are equal; else where they differ.

    An object of a collection (directly under the root) that only one of them has makes an instance mismatch, all else a state
    mismatch.
    """
    if canonical(want) == canonical(have):
        return None
    out: list[str] = []
    instances = _differences("", want, have, 0, out)
    return t.TurnVerdict(t.INSTANCE_MISMATCH if instances else t.STATE_MISMATCH, "; ".join(out))


MOST = 6


def _differences(path: str, want: Any, have: Any, depth: int, out: list[str]) -> bool:
    if canonical(want) == canonical(have) or len(out) >= MOST:
        return False
    if type(want) is dict and type(have) is dict:
        a, b = want, have
    elif type(want) is list and type(have) is list:
        a, b = dict(enumerate(want)), dict(enumerate(have))
    else:
        out.append(f"{path} should be {canonical(want)}, is {canonical(have)}")
        return False
    instances = False
    for key in [*a, *(key for key in b if key not in a)]:
        here = f"{path}/{key}"
        if key in a and key in b:
            instances |= _differences(here, a[key], b[key], depth + 1, out)
        else:
            instances |= depth == 1
            out.append(f"{here} should be {canonical(a[key])}, is absent" if key in a else f"{here} should be absent")
    return instances


def lacking(needed: list[str], seen: list[str]) -> str | None:
    """The first of `needed` that is not covered by `seen`, as multisets."""
    left = list(seen)
    for value in needed:
        if value not in left:
            return value
        left.remove(value)
    return None


def judge_answer(wanted: t.Turn, record: t.TurnRecord) -> t.TurnVerdict:
    """Whether the answer is there and has the mentions."""
    if record.answer is None:
        return t.TurnVerdict(t.RESPONSE_MISMATCH, "no answer")
    lower = record.answer.lower()
    for words in wanted.mentions:
        if not any(word.lower() in lower for word in words):
            return t.TurnVerdict(t.RESPONSE_MISMATCH, f"the answer mentions none of {words}")
    return t.TurnVerdict()
