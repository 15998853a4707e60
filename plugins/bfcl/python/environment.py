"""`bfcl-python`: the official BFCL multi-turn classes and checkers, as they are in the wheel, inside of the sandbox.

The classes run unmodified: this module makes their instances, hands them calls, and keeps them as the state. Tasks, function documents,
initial configurations and ground truth are read here, when the component is built, and stay in its memory image: `reset` parses
nothing. What the sandbox has to be told of the classes is that some of their data is shared by a whole process (`shared`), and which
functions report an error after they changed something.
"""

import ast
import copy
import importlib
import inspect
import json
import pathlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import bfcl_eval
from bfcl_eval.constants import default_prompts
from bfcl_eval.constants.executable_backend_config import (
    CLASS_FILE_PATH_MAPPING,
    MULTI_TURN_FUNC_DOC_FILE_MAPPING,
    STATELESS_CLASSES,
)
from bfcl_eval.eval_checker.multi_turn_eval.func_source_code import long_context
from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker import response_checker, state_checker

from coevo_sdk import Call, Environment, Task, ToolError, Turn, TurnRecord, TurnVerdict, Verdict, clock, export
from coevo_sdk import task as t
from coevo_sdk.environment import Tool

# One function reads the date, and another notes when files were touched: it is the wheel's day.
clock.begin = datetime(2026, 3, 23)

DATA = pathlib.Path(bfcl_eval.__file__).parent / "data"
CATEGORIES = ["base", "miss_func", "miss_param", "long_context"]
NAMES = [
    "GorillaFileSystem", "MathAPI", "MessageAPI", "TicketAPI", "TradingBot", "TravelAPI", "TwitterAPI", "VehicleControlAPI",
]  # fmt: skip
MODULES = {name: importlib.import_module(CLASS_FILE_PATH_MAPPING[name]) for name in NAMES}
CLASSES = {name: getattr(module, name) for name, module in MODULES.items()}

# They report an error and have changed the state before, which an error of the ABI may not.
CHANGE_BEFORE_ERROR = {"add_contact", "setCruiseControl", "set_navigation"}


def lines(path: pathlib.Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def split(index: int) -> str:
    return "test" if index % 2 == 0 else "dev" if index % 10 == 9 else "train"


DOCUMENTS = {name: lines(DATA / "multi_turn_func_doc" / MULTI_TURN_FUNC_DOC_FILE_MAPPING[name]) for name in NAMES}
ENTRIES: dict[str, Any] = {}
SPLITS: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
for category in CATEGORIES:
    file = f"BFCL_v4_multi_turn_{category}.json"
    for entry, answer in zip(lines(DATA / file), lines(DATA / "possible_answer" / file), strict=True):
        ENTRIES[entry["id"]] = entry | {"ground_truth": answer["ground_truth"], "category": category}
for index in range(200):
    SPLITS[split(index)] += [f"multi_turn_{category}_{index}" for category in CATEGORIES]


class Shared:
    """Data of the classes that a whole process shares: the default list of `post_tweet`, and dicts that long-context scenarios put
    into their instances. Each world has its own."""

    DICTS = {name: value for name, value in vars(long_context).items() if name.isupper() and isinstance(value, dict)}
    POST = CLASSES["TwitterAPI"].post_tweet
    DEFAULTS = POST.__defaults__

    @classmethod
    def renew(cls) -> tuple:
        for name, value in cls.DICTS.items():
            fresh = copy.deepcopy(value)
            for module in MODULES.values():
                if hasattr(module, name):
                    setattr(module, name, fresh)
        return copy.deepcopy(cls.DEFAULTS)


@dataclass
class World:
    """The instances of a task by class, and what they share with nobody else."""

    instances: dict
    defaults: Any

    @classmethod
    def of(cls, id: str) -> "World":
        entry = ENTRIES[id]
        world = cls({}, Shared.renew())
        for name in entry["involved_classes"]:
            instance = CLASSES[name]()
            if name not in STATELESS_CLASSES:
                config = copy.deepcopy(entry["initial_config"].get(name, {}))
                instance._load_scenario(config, long_context=entry["category"] == "long_context")
            world.instances[name] = instance
        return world

    def call(self, name: str, arguments: dict[str, Any]) -> tuple[Any, str]:
        """What a function returned (None where it raised), and the text that the official executor makes of it."""
        Shared.POST.__defaults__ = self.defaults
        try:
            result = getattr(next(one for one in self.instances.values() if hasattr(one, name)), name)(**arguments)
        except StopIteration:
            return None, f"Error during execution: name '{name}' is not defined"
        except Exception as error:
            return None, f"Error during execution: {str(error)}"
        if type(result) is str:
            return result, result
        if type(result) is dict:
            try:
                return result, json.dumps(result)
            except Exception:
                return result, str(result)
        return result, str(result)


class Error(ToolError):
    """the tool reports what went wrong; nothing has changed"""

    code = "error"


class Exceptional(ToolError):
    """the tool broke off, mostly for a value that it cannot work with"""

    code = "exception"


STANDARD = {"float": "number", "dict": "object", "tuple": "array", "any": None}


def standard(document: Any) -> dict[str, Any]:
    """JSON Schema of a type in the official documents."""
    out: dict[str, Any] = {}
    kind = STANDARD.get(document.get("type"), document.get("type"))
    if kind:
        out["type"] = kind
    if document.get("description"):
        out["description"] = document["description"].strip()
    if kind == "array" and "items" in document:
        out["items"] = standard(document["items"])
    return out


class Official(Tool):
    """An official function with its official document."""

    errors = [Error, Exceptional]

    def __init__(self, document: Any):
        self.name = document["name"]
        self.description = document["description"].partition("Tool description: ")[2].strip() or document["description"]
        self.parameters = document["parameters"]

    def arguments_schema(self) -> dict[str, Any]:
        properties = {name: standard(inner) for name, inner in self.parameters["properties"].items()}
        if self.name == "close_ticket":
            # One ground truth gives it a text, and needs the refusal.
            properties["ticket_id"]["type"] = ["integer", "string"]
        return {
            "type": "object",
            "properties": properties,
            "required": self.parameters.get("required", []),
            "additionalProperties": False,
        }

    def run(self, environment: Environment, given: Any) -> Any:
        result, text = environment.state.call(self.name, given)
        if self.name in CHANGE_BEFORE_ERROR:
            return text if type(result) is not dict else result
        if result is None and text.startswith("Error during execution: "):
            raise Exceptional(text)
        if type(result) is dict and list(result) == ["error"]:
            raise Error(str(result["error"]), result=result)
        try:
            # NaN and its like are no JSON.
            return json.loads(text, parse_constant=int) if type(result) is dict else text
        except ValueError:
            return text


def reference_call(text: str) -> Call:
    """A call of the ground truth with its arguments by name."""
    node = ast.parse(text, mode="eval").body
    name = node.func.id
    method = next(getattr(cls, name) for cls in CLASSES.values() if hasattr(cls, name))
    positional = [ast.literal_eval(argument) for argument in node.args]
    named = {argument.arg: ast.literal_eval(argument.value) for argument in node.keywords}
    return Call(name, dict(zip(list(inspect.signature(method).parameters)[1:], positional)) | named)


def task(id: str) -> Task:
    """The task of an official entry. A function that is held out cannot be called before it comes back."""
    entry = ENTRIES[id]
    documents = [document for name in entry["involved_classes"] for document in DOCUMENTS[name]]
    back = {name: int(turn) for turn, names in entry.get("missed_function", {}).items() for name in names}
    truth = [[reference_call(text) for text in calls] for calls in entry["ground_truth"]]

    def shown(wanted: Any) -> str:
        return "\n".join(json.dumps(document) for document in documents if wanted(document["name"]))

    turns, used = [], set()
    for at, (messages, calls) in enumerate(zip(entry["question"], truth)):
        # One ground truth calls a function before it comes back: from there on it can be called.
        used |= {call.name for call in calls}
        said = [message["content"] for message in messages]
        if at in back.values():
            said += [shown(lambda name: back.get(name) == at), default_prompts.DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC]
        offered = [d["name"] for d in documents if back.get(d["name"], 0) <= at or d["name"] in used]
        turns.append(Turn("\n".join(said), offered, calls, "Done." if calls else "I cannot do this with what I have."))
    return Task(
        scenario=f"multi_turn_{id.rsplit('_', 1)[1]}",
        category=entry["category"],
        system=f"Functions of this task, with their documents:\n{shown(lambda name: name not in back)}",
        initial_state=json.dumps({"task": id}),
        turns=turns,
        id=id,
    )


def tree(item: Any) -> Any:
    """A file or directory as data; the text that long-context tasks append is told by its name."""
    if hasattr(item, "contents"):
        return {name: tree(child) for name, child in item.contents.items()}
    padding = long_context.FILE_CONTENT_EXTENSION
    if item.content.endswith(padding):
        return (item.content[: -len(padding)], "FILE_CONTENT_EXTENSION")
    return item.content


def public(value: Any) -> str:
    return repr({value.name: tree(value)} if hasattr(value, "contents") else value)


class Bfcl(Environment):
    """BFCL multi-turn: the official Python classes, unmodified"""

    name = "bfcl-python"
    version = "1.0.0"
    splits = {name: len(ids) for name, ids in SPLITS.items()}
    categories = CATEGORIES
    rolls_back = False

    @classmethod
    def more_tools(cls) -> list[Tool]:
        return [Official(document) for documents in DOCUMENTS.values() for document in documents]

    @classmethod
    def generate(cls, split: str, index: int, rng: Any) -> Task:
        return task(SPLITS[split][index])

    @classmethod
    def initial(cls, text: str) -> World:
        return World.of(json.loads(text)["task"])

    @classmethod
    def view(cls, state: World, plain: Any) -> Any:
        """Public attributes by class, as Python writes them: what the official scoring compares. Snapshots have the private ones, too."""
        return {
            name: {key: public(value) for key, value in vars(instance).items() if not key.startswith("_")}
            for name, instance in state.instances.items()
        }

    @classmethod
    def verify(cls, task: Task, turns: list[TurnRecord], draw: Any) -> Verdict:
        """The official scoring by the official checkers, turn by turn. Officially the first failure ends the task; the turns after it are
        judged as well, for the diagnosis, and cannot change the reward."""
        agent, truth = cls.initial(task.initial_state), cls.initial(task.initial_state)
        results: list[str] = []
        verdicts = []
        for at, wanted in enumerate(task.turns):
            record = turns[at] if at < len(turns) else TurnRecord()
            for made in record.calls:
                if made.status != t.REJECTED:
                    results.append(agent.call(made.call.name, made.call.arguments)[1])
            expected = [truth.call(call.name, call.arguments)[1] for call in wanted.calls]
            verdicts.append(cls.judge(agent, truth, expected, results, len(record.calls), at))
        passed = all(verdict.failure is None for verdict in verdicts)
        return Verdict(1.0 if passed else 0.0, verdicts)

    @classmethod
    def judge(
        cls, agent: World, truth: World, expected: list[str], results: list[str], attempts: int, turn: int
    ) -> TurnVerdict:
        if not expected:
            detail = "calls where the ground truth has none; BFCL does not judge this"
            return TurnVerdict(None, detail if attempts else "")
        if not attempts:
            return TurnVerdict(t.EMPTY_TURN, "no call was made")
        state = state_checker(agent.instances, truth.instances)
        if not state["valid"]:
            return TurnVerdict(t.STATE_MISMATCH, state["error_message"])
        response = response_checker(results, expected, turn)
        if not response["valid"]:
            return TurnVerdict(t.RESPONSE_MISMATCH, f"never obtained {response['details']['missing_items'][0]}")
        return TurnVerdict()


export(Bfcl)
