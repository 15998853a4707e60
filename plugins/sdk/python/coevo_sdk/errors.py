"""Typed errors of tools: data that the agent reads and may recover from."""

import inspect
import re
from typing import Any


class ToolError(Exception):
    """What a tool answers instead of a result. Derive from it: one class is one error code.

        class UnknownItem(ToolError):
            "no item has this id"          # the description
            message = "no item {id}"       # what the agent reads

        raise UnknownItem(id=7)            # details: {"id": 7}

    The code is the class's name in snake_case, `unknown_item`; or say `code = "other"`.
    """

    code: str
    message: str = ""

    def __init_subclass__(cls) -> None:
        if "code" not in vars(cls):
            cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, said: str | None = None, /, **details: Any):
        text = said if said is not None else (self.message or self.description()).format(**details)
        super().__init__(text)
        self.details = details

    @classmethod
    def description(cls) -> str:
        return inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


class MissingArgument(ToolError):
    """a required argument is not given"""

    message = "{argument} is required"


class WrongType(ToolError):
    """an argument has another type than declared"""


class UnknownTool(ToolError):
    """there is no such tool"""

    message = "no tool {tool}"


class NoEpisode(ToolError):
    """no episode has begun"""

    message = "no episode: reset was not called"
