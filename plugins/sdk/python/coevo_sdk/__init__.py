"""Coevo environments in Python: derive from `Environment`, mark methods with `@tool`, end with `export(YourEnvironment)`.

The SDK supplies what is the same for every environment: schemas from type hints, snapshots and the state hash, the script that runs
the reference solution while a task is written, verification by re-execution, and the ABI. `README.md` explains it. Here everything is
ordinary Python that runs natively, too; only `coevo_guest` needs the sandbox.
"""

from .environment import Environment, export, tool
from .errors import ToolError
from .schema import Pattern, Range
from .script import Script
from .task import Call, CallRecord, Message, Task, Turn, TurnRecord, TurnVerdict, UserEvent, Verdict

__all__ = [
    "Call", "CallRecord", "Environment", "Message", "Pattern", "Range", "Script", "Task", "ToolError", "Turn", "TurnRecord",
    "TurnVerdict", "UserEvent", "Verdict", "export", "tool",
]  # fmt: skip
