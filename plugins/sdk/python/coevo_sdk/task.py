"""Tasks, records of episodes, verdicts: the records of the ABI as plain data."""

from dataclasses import dataclass, field
from typing import Any

AGENT, USER = "agent", "user"
EXECUTED, TOOL_ERROR, REJECTED = "executed", "tool_error", "rejected"
STATE_MISMATCH, INSTANCE_MISMATCH = "state_mismatch", "instance_mismatch"
RESPONSE_MISMATCH, EMPTY_TURN, SPURIOUS_CALL = "response_mismatch", "empty_turn", "spurious_call"


@dataclass
class Call:
    """A call of a tool."""

    name: str
    arguments: dict[str, Any]


@dataclass
class Turn:
    """What the user says in a turn, which tools the agent may call in it, and what the reference solution does."""

    user: str | None
    """`None` where the simulated user says something (`Environment.next_user`)."""
    offered: list[str]
    calls: list[Call] = field(default_factory=list)
    answer: str = ""
    mentions: list[list[str]] = field(default_factory=list)
    """Of each inner list the answer must contain one, whatever its case."""


@dataclass
class Task:
    """A task; usually from `Script.finish`."""

    scenario: str
    """Tasks that share a scenario stay on one side of a split."""
    category: str
    system: str
    """Shown to the agent before the first turn."""
    initial_state: str
    """What `reset` is given: JSON."""
    turns: list[Turn]
    id: str = ""
    user_profile: str = ""
    """Private to the simulated user: JSON."""
    label: str = ""
    """Hidden; whatever else a verifier of your own needs: JSON."""


@dataclass
class CallRecord:
    """A call that was made or attempted, and what came of it: EXECUTED, TOOL_ERROR or REJECTED (never reached the guest)."""

    call: Call
    status: str
    side: str = AGENT
    output: str = ""


@dataclass
class TurnRecord:
    """A turn as it was played. `answer` is `None` where it was cut off."""

    calls: list[CallRecord] = field(default_factory=list)
    answer: str | None = None


@dataclass
class TurnVerdict:
    """Why a turn failed, if it did. The detail is for people."""

    failure: str | None = None
    detail: str = ""


@dataclass
class Verdict:
    reward: float
    turns: list[TurnVerdict]


@dataclass
class Message:
    """One message of a conversation, for simulated users. The role is user, assistant or tool."""

    role: str
    text: str


@dataclass
class UserEvent:
    """What a simulated user does next."""

    message: str
    offered: list[str]
    calls: list[Call] = field(default_factory=list)
    done: bool = False
