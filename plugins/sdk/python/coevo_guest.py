"""Between the ABI and the SDK: converts records, and nothing else. The module that componentize-py is given.

Everything at the top happens when the component is built: importing the author's `environment`, describing it, loading its data.
The memory image that results is where every instance begins.
"""

# First of all, so that whoever imports a clock or a generator gets the episode's.
from coevo_sdk import clock, rng

clock.install()
rng.install()

import json
import sys

# What the standard library imports only when it is needed, which is too late here.
import _strptime, copy, decimal, fractions, encodings.ascii, encodings.idna, encodings.latin_1, encodings.unicode_escape, locale  # noqa: E401, F401

import wit_world
import wit_world.exports
from componentize_py_types import Err
from wit_world.imports import host, types as abi

import coevo_sdk.verify  # noqa: F401
from coevo_sdk import codec, seal, task as sdk
from coevo_sdk.environment import exported, tools
from coevo_sdk.errors import ToolError, WrongType
from coevo_sdk.session import Session, generate

import environment  # noqa: F401

if not exported:
    raise TypeError("environment.py names no environment: write export(YourEnvironment) at its end")
ENVIRONMENT = exported[0]

LEVELS = {"debug": host.Level.DEBUG, "info": host.Level.INFO, "warn": host.Level.WARN, "error": host.Level.ERROR}


def log(level: str, text: str) -> None:
    host.log(LEVELS[level], text.encode("utf-8", "replace").decode())


SIDES = {sdk.AGENT: abi.Side.AGENT, sdk.USER: abi.Side.USER}
SIDE_OF = {side: name for name, side in SIDES.items()}
STATUS_OF = {
    abi.CallStatus.EXECUTED: sdk.EXECUTED,
    abi.CallStatus.TOOL_ERROR: sdk.TOOL_ERROR,
    abi.CallStatus.REJECTED: sdk.REJECTED,
}
FAILURES = {
    None: None,
    sdk.STATE_MISMATCH: abi.Failure.STATE_MISMATCH,
    sdk.INSTANCE_MISMATCH: abi.Failure.INSTANCE_MISMATCH,
    sdk.RESPONSE_MISMATCH: abi.Failure.RESPONSE_MISMATCH,
    sdk.EMPTY_TURN: abi.Failure.EMPTY_TURN,
    sdk.SPURIOUS_CALL: abi.Failure.SPURIOUS_CALL,
}
ROLE_OF = {abi.Role.USER: "user", abi.Role.ASSISTANT: "assistant", abi.Role.TOOL: "tool"}


def description() -> abi.Description:
    cls = ENVIRONMENT
    described = [
        abi.Tool(
            name=tool.name,
            description=tool.description,
            arguments=json.dumps(tool.arguments_schema()),
            result=json.dumps(tool.result_schema()),
            errors=[abi.ErrorCode(error.code, error.description()) for error in tool.errors],
            preconditions=tool.preconditions,
            side=SIDES[tool.side],
            mutates=tool.mutates,
        )
        for tool in tools(cls).values()
    ]
    return abi.Description(
        name=cls.name,
        version=cls.version,
        summary=(cls.__doc__ or "").strip().partition("\n\n")[0],
        tools=described,
        splits=[abi.SplitInfo(name, count) for name, count in cls.splits.items()],
        categories=list(cls.categories),
        reward_min=float(cls.reward[0]),
        reward_max=float(cls.reward[1]),
    )


def call_out(call: sdk.Call) -> abi.ToolCall:
    return abi.ToolCall(call.name, json.dumps(call.arguments))


def call_in(call: abi.ToolCall) -> sdk.Call:
    try:
        return sdk.Call(call.name, json.loads(call.arguments))
    except ValueError:
        # A rejected call may have arguments that are no JSON; it counts as an attempt and is never replayed.
        return sdk.Call(call.name, {})


def task_out(task: sdk.Task) -> abi.Task:
    def message(turn: sdk.Turn) -> abi.UserMessage:
        return abi.UserMessage_Simulated() if turn.user is None else abi.UserMessage_Scripted(turn.user)

    return abi.Task(
        id=task.id,
        scenario=task.scenario,
        category=task.category,
        system=task.system,
        initial_state=task.initial_state,
        turns=[abi.UserTurn(message(turn), turn.offered) for turn in task.turns],
        user_profile=task.user_profile,
        reference=[
            abi.ReferenceTurn([call_out(call) for call in turn.calls], turn.answer, turn.mentions) for turn in task.turns
        ],
        label=task.label,
    )


def task_in(task: abi.Task) -> sdk.Task:
    turns = [
        sdk.Turn(
            user=turn.message.value if isinstance(turn.message, abi.UserMessage_Scripted) else None,
            offered=turn.offered,
            calls=[call_in(call) for call in reference.calls],
            answer=reference.answer,
            mentions=reference.mentions,
        )
        for turn, reference in zip(task.turns, task.reference)
    ]
    return sdk.Task(
        task.scenario, task.category, task.system, task.initial_state, turns, task.id, task.user_profile, task.label
    )


def turn_in(turn: abi.TurnRecord) -> sdk.TurnRecord:
    calls = [
        sdk.CallRecord(call_in(made.call), STATUS_OF[made.status], SIDE_OF[made.side], made.output) for made in turn.calls
    ]
    return sdk.TurnRecord(calls, turn.answer)


# A guest object is made for each call of the host, so the episode is the module's.
SESSION = Session(ENVIRONMENT, log)
PROFILE = [""]
DESCRIPTION = description()


class Says:
    """An exception of the author's code: as the export's own error where the ABI has one, else told to the log before it ends
    the instance."""

    def __init__(self, has_error: bool = False):
        self.has_error = has_error

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, Err):
            return
        if self.has_error and isinstance(error, (ValueError, LookupError)):
            raise Err(f"{error}") from error
        log("error", story(error))


def story(error: BaseException) -> str:
    """Where an exception came from, outermost first, and what it is. (`traceback` would look for the sources in files.)"""
    places = []
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{at.tb_lineno}, in {code.co_name}")
        at = at.tb_next
    own = [place for place in places if not place.startswith("seal.py")]
    return "\n".join([*places, f"{type(error).__name__}: {error} ({own[-1]})"])


class Guest(wit_world.exports.Guest):
    def describe(self) -> abi.Description:
        return DESCRIPTION

    def generate(self, split: str, index: int, seed: int) -> abi.Task:
        with Says(True):
            return task_out(generate(ENVIRONMENT, split, index, seed))

    def import_task(self, data: str) -> abi.Task:
        with Says(True):
            return task_out(ENVIRONMENT.import_task(data))

    def reset(self, initial_state: str) -> None:
        with Says(True):
            SESSION.reset(initial_state)

    def reset_user(self, profile: str) -> None:
        PROFILE[0] = profile

    def next_user(self, turn: int, conversation: list[abi.Message]) -> abi.UserEvent:
        with Says(True):
            said = [sdk.Message(ROLE_OF[message.role], message.text) for message in conversation]
            event = ENVIRONMENT.next_user(PROFILE[0], turn, said)
            return abi.UserEvent(event.message, event.offered, [call_out(call) for call in event.calls], event.done)

    def call(self, name: str, arguments: str, caller: abi.Side) -> str:
        with Says():
            try:
                try:
                    given = json.loads(arguments)
                except ValueError as error:
                    raise WrongType(str(error)) from None
                return codec.text(SESSION.call(name, given, SIDE_OF[caller], host.random_u64))
            except ToolError as error:
                details = codec.text(codec.encode(error.details)) if error.details else ""
                raise Err(abi.ToolError(error.code, str(error), details)) from None

    def state_hash(self) -> int:
        with Says():
            return SESSION.hash()

    def state(self) -> str:
        with Says():
            return SESSION.shown()

    def snapshot(self) -> bytes:
        with Says(True):
            return SESSION.snapshot()

    def restore(self, snapshot: bytes) -> None:
        with Says(True):
            SESSION.restore(snapshot)

    def verify(self, task: abi.Task, turns: list[abi.TurnRecord]) -> abi.Verdict:
        with Says(True):
            verdict = ENVIRONMENT.verify(task_in(task), [turn_in(turn) for turn in turns], host.random_u64)
            said = [abi.TurnVerdict(FAILURES[turn.failure], turn.detail) for turn in verdict.turns]
            return abi.Verdict(verdict.reward, said)


sys.setrecursionlimit(600)
seal.seal(log)
