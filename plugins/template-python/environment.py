"""`todo`: the smallest complete environment. A state, three tools, tasks with a reference solution; the SDK does the rest (schemas,
snapshots, state hash, verification by re-execution, the ABI). Change it part by part."""

from dataclasses import dataclass
from random import Random
from typing import Annotated

from coevo_sdk import Environment, Range, Script, Task, ToolError, export, tool


@dataclass
class Item:
    """One thing to do."""

    id: int
    text: str
    done: bool


@dataclass
class State:
    """The whole state of an episode. Snapshots, state hash and equality are derived from it."""

    items: list[Item]


@dataclass
class Listing:
    items: list[Item]


@dataclass
class Added:
    id: int


@dataclass
class Finished:
    left: int


class UnknownItem(ToolError):
    """no item has this id"""

    message = "no item {id}"


class AlreadyDone(ToolError):
    """the item is done already"""

    message = "item {id} is done already"


THINGS = ["apples", "stamps", "lamps", "candles", "pens", "eggs", "cups", "nails"]

Id = Annotated[int, Range(1, 99), "id of an item"]


class Todo(Environment):
    """A list of things to do."""

    name = "todo"
    version = "1.0.0"
    splits = {"train": 400, "dev": 100, "test": 400}
    state: State

    # What the agent can do. Docstrings, hints, errors and pre-conditions are what it is told, and material for the evolving
    # interface.

    @tool
    def list_items(self) -> Listing:
        """everything on the list"""
        return Listing(self.state.items)

    @tool(mutates=True)
    def add_item(self, text: Annotated[str, "a few words"]) -> Added:
        """put something on the list"""
        id = max((item.id for item in self.state.items), default=0) + 1
        self.state.items.append(Item(id, text, False))
        return Added(id)

    @tool(mutates=True, pre="The item must be on the list and not done.", errors=[UnknownItem, AlreadyDone])
    def finish_item(self, id: Id) -> Finished:
        """tick something off"""
        item = self.find(id)
        if item.done:
            raise AlreadyDone(id=id)
        item.done = True
        return Finished(sum(not item.done for item in self.state.items))

    def find(self, id: int) -> Item:
        for item in self.state.items:
            if item.id == id:
                return item
        raise UnknownItem(id=id)

    # One task. The script runs the reference calls as it is written, so results can be used at once.
    @classmethod
    def generate(cls, split: str, index: int, rng: Random) -> Task:
        drawn = [f"{rng.randint(2, 99)} {thing}" for thing in rng.sample(THINGS, 5)]
        on_list = drawn[: rng.randint(2, 4)]
        bought, new = rng.choice(on_list), drawn[4]
        script = Script(cls, State([Item(at + 1, text, False) for at, text in enumerate(on_list)]))

        script.turn(f"I bought {bought}. What is left?")
        items = script.call("list_items")["items"]
        id = next(item["id"] for item in items if item["text"] == bought)
        left = script.call("finish_item", id=id)["left"]
        script.answer(f"{left} things are left.").mention(left)

        script.turn(f"Put {new} on the list.")
        script.call("add_item", text=new)
        script.answer("Done.")

        # Tasks that share a scenario must stay in one split.
        return script.finish(f"{split}-{index}", "base", "You keep a list of things to do.")


export(Todo)
