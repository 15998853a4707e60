"""Closes what the sandbox has not: after the build there are no files and no further modules.

The component imports no WASI, so that reaching for one of these would end the instance without a word. Instead it raises an
error that says what to do. Imports at the top of a module happen at build time and stay in the memory image.
"""

import builtins
import gc
import io
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn


class NoLateImports:
    """The last finder of modules: it finds none."""

    @staticmethod
    def find_spec(name: str, _path: Any = None, _target: Any = None) -> NoReturn:
        hint = f"write `import {name}` at the top of environment.py"
        raise ModuleNotFoundError(f"{name} was not imported when the environment was built: {hint}", name=name)


def refuse(what: str, fix: str) -> Callable[..., NoReturn]:
    def refused(*_: Any, **__: Any) -> NoReturn:
        raise OSError(f"an environment has no {what}: {fix}")

    return refused


class Log(io.TextIOBase):
    """`print` goes to the episode's log, line by line."""

    def __init__(self, level: str, log: Callable[[str, str], None]):
        self.level, self.log, self.rest = level, log, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            self.log(self.level, line)
        return len(text)


def seal(log: Callable[[str, str], None]) -> None:
    """Called once, when everything is imported."""
    sys.stdout, sys.stderr = Log("info", log), Log("warn", log)
    sys.meta_path[:] = [NoLateImports]
    no_file = refuse("files", "read them at the top of a module, when it is built")
    builtins.open = io.open = no_file
    for name in ("stat", "lstat", "open", "listdir", "scandir", "mkdir", "remove", "rename", "getcwd", "access"):
        setattr(os, name, no_file)
    # What is there now stays: it is neither looked at by the collector nor, for that, written to.
    gc.collect()
    gc.freeze()
