"""Chance: streams that are a function of their key, and the episode's own stream."""

import hashlib
import random
from collections.abc import Callable
from typing import Any


def keyed(*key: Any) -> random.Random:
    """A generator that depends on the key alone."""
    digest = hashlib.blake2b(":".join(map(str, key)).encode(), digest_size=32).digest()
    return random.Random(int.from_bytes(digest, "little"))


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
        words = (k + 63) // 64
        value = 0
        for _ in range(words):
            value = value << 64 | self.draw()
        return value >> (64 * words - k)

    def randbytes(self, n: int) -> bytes:
        return self.getrandbits(8 * n).to_bytes(n, "little") if n else b""
