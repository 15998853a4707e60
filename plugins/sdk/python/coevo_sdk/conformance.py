"""The tests that every environment should pass, natively and on every task asked for:

    from coevo_sdk import conformance
    from environment import Todo

    class TestTodo(conformance.Conformance):
        environment = Todo

`coevo env check` looks at the built component, and trusts nothing in it.
"""

import unittest
from typing import Any

from . import codec
from .environment import Environment, tools
from .errors import ToolError
from .rng import keyed
from .session import Session, generate
from .task import AGENT, EXECUTED, TOOL_ERROR, Call, CallRecord, Task, TurnRecord


def stream(*key: Any) -> Any:
    source = keyed("conformance", *key)
    return lambda: source.getrandbits(64)


class Conformance(unittest.TestCase):
    """Derive from it, and name the environment."""

    environment: type[Environment]
    seeds = [1, 2]
    tasks_per_split = 40

    def tasks(self) -> list[Task]:
        """Some tasks of each split, spread over it."""
        out = []
        for split, count in self.environment.splits.items():
            step = max(1, count // self.tasks_per_split)
            out += [generate(self.environment, split, at, seed) for seed in self.seeds for at in range(0, count, step)]
        return out

    def played(self, task: Task, plan: list[list[Call]] | None = None) -> list[TurnRecord]:
        """A record of the reference's calls and answers, or of other calls with its answers."""
        session, draw = Session(self.environment), stream(task.id)
        session.reset(task.initial_state)
        records = []
        for at, turn in enumerate(task.turns):
            record = TurnRecord(answer=turn.answer)
            for call in turn.calls if plan is None else plan[at]:
                record.calls.append(CallRecord(call, self.attempt(session, call, draw)))
            records.append(record)
        return records

    def attempt(self, session: Session, call: Call, draw: Any) -> str:
        """Makes a call; checks its result against the declaration, and that an error is declared and changes nothing."""
        tool = tools(self.environment)[call.name]
        before = codec.canonical(session.plain())
        try:
            session.call(call.name, call.arguments, AGENT, draw)
        except ToolError as error:
            known = [kind.code for kind in tool.errors] + ["missing_argument", "wrong_type"]
            self.assertIn(error.code, known, f"{call.name} does not declare this error")
            self.assertEqual(before, codec.canonical(session.plain()), f"{call} changes the state and raises")
            return TOOL_ERROR
        if not tool.mutates:
            self.assertEqual(before, codec.canonical(session.plain()), f"{call} changes the state: @tool(mutates=True)")
        return EXECUTED

    def reward(self, task: Task, turns: list[TurnRecord]) -> float:
        return self.environment.verify(task, turns, stream(task.id)).reward

    def test_generation_is_a_function_of_split_index_and_seed(self) -> None:
        owner: dict[str, str] = {}
        for one, two in zip(self.tasks(), self.tasks()):
            self.assertEqual(one, two)
            split = one.id.split(":")[1] if one.id.count(":") == 3 else ""
            self.assertEqual(owner.setdefault(one.scenario, split), split, f"{one.scenario} is in two splits")

    def test_the_reference_solves_every_task(self) -> None:
        for task in self.tasks():
            verdict = self.environment.verify(task, self.played(task), stream(task.id))
            self.assertEqual(verdict.reward, self.environment.reward[1], f"{task.id}: {verdict}")

    def test_doing_nothing_solves_none(self) -> None:
        for task in self.tasks():
            if any(turn.calls for turn in task.turns):
                idle = [TurnRecord(answer=turn.answer) for turn in task.turns]
                self.assertLess(self.reward(task, idle), self.environment.reward[1], task.id)

    def test_a_call_left_out_is_noticed(self) -> None:
        tried = 0
        for task in self.tasks():
            for at, turn in enumerate(task.turns):
                for place, call in enumerate(turn.calls):
                    if not tools(self.environment)[call.name].mutates:
                        continue
                    plan = [list(turn.calls) for turn in task.turns]
                    del plan[at][place]
                    tried += 1
                    with self.subTest(task=task.id, turn=at + 1, left_out=call.name):
                        self.assertLess(self.reward(task, self.played(task, plan)), self.environment.reward[1])
        self.assertGreater(tried, 0)

    def test_copies_are_equal_now_and_later(self) -> None:
        for task in self.tasks():
            session, draw = Session(self.environment), stream(task.id)
            session.reset(task.initial_state)
            calls = [call for turn in task.turns for call in turn.calls]
            for at, call in enumerate(calls):
                copy = Session(self.environment)
                copy.restore(session.snapshot())
                self.assertEqual(copy.snapshot(), session.snapshot())
                self.assertEqual(copy.hash(), session.hash())
                if at == len(calls) // 2:
                    session = copy
                self.attempt(session, call, draw)
