"""The promises that every environment makes; keep them in every copy. Run with `python -m unittest`."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "sdk/python"))

from coevo_sdk import conformance
from environment import Todo


class TestTodo(conformance.Conformance):
    environment = Todo


if __name__ == "__main__":
    unittest.main()
