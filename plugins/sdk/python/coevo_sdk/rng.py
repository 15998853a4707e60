"""Chance: streams that are a function of their key, and the episode's own stream.

In a component `random.choice` and the like read the episode's stream, too, so that libraries need no change; a `random.Random()` without
a seed gets one from there.
"""

import hashlib
import os
import random
from collections.abc import Callable
from typing import Any


def keyed(*key: Any) -> random.Random:
    """A generator that depends on the key alone."""
    digest = hashlib.blake2b(":".join(map(str, key)).encode(), digest_size=32).digest()
    return random.Random(int.from_bytes(digest, "little"))


Generator = random.Random


class Stream(random.Random):
    """`random.Random` on the episode's stream of 64-bit numbers. It has no state of its own."""

    def __new__(cls, _draw: Callable[[], int]) -> "Stream":
        # Without a seed the base class would ask the machine for one.
        return super().__new__(cls, 0)

    def __init__(self, draw: Callable[[], int]):
        self.draw = draw
        self.gauss_next = None

    def seed(self, *_: Any) -> None:
        raise TypeError("the episode's stream has its seed")

    def random(self) -> float:
        return (self.draw() >> 11) * 2.0**-53

    def getrandbits(self, k: int) -> int:
        if k < 0:
            raise ValueError("number of bits must be non-negative")
        words = (k + 63) // 64
        value = 0
        for _ in range(words):
            value = value << 64 | self.draw()
        return value >> (64 * words - k)

    def randbytes(self, n: int) -> bytes:
        return self.getrandbits(8 * n).to_bytes(n, "little") if n else b""


class Ambient:
    """Where chance comes from while a tool runs or a task is generated."""

    draw: Callable[[], int] | None = None


def _ambient() -> int:
    if Ambient.draw is None:
        raise RuntimeError("there is no chance outside of a tool call or the generation of a task: use a seed")
    return Ambient.draw()


class Seeded(Generator):
    """`random.Random`, but without a seed it takes the episode's next number (a constant, where there is no episode)."""

    @staticmethod
    def _seed(given: Any) -> Any:
        return given if given is not None else Ambient.draw() if Ambient.draw else 0

    def __new__(cls, x: Any = None) -> "Seeded":
        return super().__new__(cls, 0)

    def __init__(self, x: Any = None):
        super().__init__(self._seed(x))

    def seed(self, a: Any = None, version: int = 2) -> None:
        super().seed(self._seed(a), version)


def install() -> None:
    """Puts the episode's stream behind the functions of `random`."""
    Seeded.__name__ = Seeded.__qualname__ = "Random"
    Seeded.__module__ = "random"
    random.Random = Seeded  # type: ignore[misc]
    stream = Stream(_ambient)
    for name in [name for name, value in vars(random).items() if getattr(value, "__self__", None) is random._inst]:
        setattr(random, name, getattr(stream, name))
    random._inst = stream  # type: ignore[attr-defined]
    # uuid and secrets.
    os.urandom = random._urandom = stream.randbytes  # type: ignore[attr-defined]
