"""Runs the official BFCL multi-turn implementation and writes down what it says, for `parity` to compare with.

    python dump.py OUT.jsonl [--stride N]

needs the wheel `bfcl-eval` (installed with --no-deps) and `mpmath`. The reference is CPython 3.12, whose `sum` is exact
where 3.11 is not; 3.13 gives other texts for misspelt arguments, which reach results of perturbed traces only.

One JSON object a line. First {"python", "wheel"}; then, for every task of the four splits, what every ground-truth call
returned and the public state after every turn (as a Python literal); then perturbed traces with the official verdict:
every call dropped, repeated, exchanged with its neighbour, and corrupted in one of its parts. --stride N keeps every
N-th perturbed trace.
"""

import argparse
import ast
import copy
import importlib.metadata
import json
import pathlib
import random
import sys

import bfcl_eval
import mpmath
from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_checker as checker
from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_utils as utils
from bfcl_eval.eval_checker.multi_turn_eval.func_source_code import gorilla_file_system, long_context

DATA = pathlib.Path(bfcl_eval.__file__).parent / "data"
SPLITS = ["base", "miss_func", "miss_param", "long_context"]
CONSTANTS = {name: value for name, value in vars(long_context).items() if name.isupper()}
PRISTINE = copy.deepcopy(CONSTANTS)
RUNS = 0


def tasks():
    for split in SPLITS:
        name = f"BFCL_v4_multi_turn_{split}.json"
        questions = (DATA / name).read_text(encoding="utf-8").splitlines()
        answers = (DATA / "possible_answer" / name).read_text(encoding="utf-8").splitlines()
        for question, answer in zip(map(json.loads, questions), map(json.loads, answers)):
            assert question["id"] == answer["id"]
            yield split, question, answer["ground_truth"]


def fresh():
    """A name that no run before had, and globals as in a fresh process."""
    global RUNS
    RUNS += 1
    mpmath.mp.dps = 15
    for name in [name for name in vars(utils) if name.endswith("_instance")]:
        delattr(utils, name)
    for name, value in CONSTANTS.items():
        if isinstance(value, dict):
            value.clear()
            value.update(copy.deepcopy(PRISTINE[name]))
    return f"run{RUNS}"


def tree(item):
    if isinstance(item, gorilla_file_system.Directory):
        return {name: tree(child) for name, child in item.contents.items()}
    padding = long_context.FILE_CONTENT_EXTENSION
    if item.content.endswith(padding):
        return (item.content[: -len(padding)], "FILE_CONTENT_EXTENSION")
    return item.content


def public(instance):
    state = {}
    for name, value in vars(instance).items():
        if not name.startswith("_"):
            state[name] = {value.name: tree(value)} if isinstance(value, gorilla_file_system.Directory) else value
    return state


def execute(calls, entry, split, name):
    return utils.execute_multi_turn_func_call(
        calls, entry["initial_config"], entry["involved_classes"], name, entry["id"],
        long_context=split == "long_context", is_evaL_run=True,
    )


def reference(split, entry, truth):
    name = fresh()
    turns = []
    for calls in truth:
        results, instances = execute(calls, entry, split, name)
        turns.append({"results": results, "state": repr({key: public(value) for key, value in instances.items()})})
    return {"id": entry["id"], "turns": turns}


def verdict(entry, truth, trace):
    result = checker.multi_turn_checker([[[call] for call in turn] for turn in trace], truth, entry, "", fresh())
    if result["valid"]:
        return None
    kind = result["error_type"].split(":")[1]
    if kind == "instance_state_mismatch":
        turn = len(result["execution_result"]) - 1
    else:
        turn = int(result["error_message"].rstrip(".").rsplit(" ", 1)[1])
    return {"turn": turn, "kind": kind}


def other(value, rng):
    """A literal's neighbour: another value, now and then of another type."""
    if rng.random() < 0.1:
        return rng.choice([None, True, 0, 7, -1.5, "other", [], ["a", 1], {"k": "v"}])
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return rng.choice([value + 1, value - 1, -value, value * 2, value / 4, 0, float(value)])
    if isinstance(value, str):
        return rng.choice([value + "x", value[:-1], value.upper(), value[::-1], "", "other", value + " "])
    if isinstance(value, list):
        return rng.choice([value[:-1], value + value[:1], value[::-1], []])
    if isinstance(value, dict):
        return rng.choice([{}, {key.upper(): item for key, item in value.items()}])
    return "other"


def corrupted(call, rng):
    """The call with one part changed, or another function's name where it has no arguments."""
    node = ast.parse(call, mode="eval").body
    name, args = node.func.id, [ast.literal_eval(arg) for arg in node.args]
    named = [(item.arg, ast.literal_eval(item.value)) for item in node.keywords]
    draw = rng.random()
    places = [("args", at) for at in range(len(args))] + [("named", at) for at in range(len(named))]
    if not places or draw < 0.05:
        name = rng.choice(["no_such_function", name + "s", "kill", "pwd", "get_watchlist"])
    elif draw < 0.1 and named:
        named.pop(rng.randrange(len(named)))
    elif draw < 0.15 and named:
        at = rng.randrange(len(named))
        named[at] = ("unheard_of", named[at][1])
    elif draw < 0.18:
        args.append("one more")
    else:
        kind, at = rng.choice(places)
        if kind == "args":
            args[at] = other(args[at], rng)
        else:
            named[at] = (named[at][0], other(named[at][1], rng))
    return f"{name}({', '.join([repr(arg) for arg in args] + [f'{key}={value!r}' for key, value in named])})"


def perturbed(truth, rng):
    for turn, calls in enumerate(truth):
        def with_calls(changed):
            return truth[:turn] + [changed] + truth[turn + 1 :]

        for at, call in enumerate(calls):
            yield "dropped", with_calls(calls[:at] + calls[at + 1 :])
            yield "repeated", with_calls(calls[: at + 1] + calls[at:])
            yield "corrupted", with_calls(calls[:at] + [corrupted(call, rng)] + calls[at + 1 :])
            if at + 1 < len(calls):
                yield "reordered", with_calls(calls[:at] + [calls[at + 1], call] + calls[at + 2 :])
            if turn + 1 < len(truth):
                late = with_calls(calls[:at] + calls[at + 1 :])
                yield "postponed", late[: turn + 1] + [[call] + late[turn + 1]] + late[turn + 2 :]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--stride", type=int, default=1)
    options = parser.parse_args()
    with open(options.out, "w", encoding="utf-8") as out:
        def write(record):
            out.write(json.dumps(record) + "\n")

        write({"python": sys.version.split()[0], "wheel": importlib.metadata.version("bfcl-eval")})
        for split, entry, truth in tasks():
            write(reference(split, entry, truth))
        count = 0
        for split, entry, truth in tasks():
            rng = random.Random(entry["id"])
            for kind, trace in perturbed(truth, rng):
                count += 1
                if count % options.stride == 0:
                    write({"id": entry["id"], "kind": kind, "trace": trace, "verdict": verdict(entry, truth, trace)})
    fresh()
    for name, value in CONSTANTS.items():
        if value != PRISTINE[name]:
            sys.exit(f"{name} was changed by a run: later records are not those of a fresh process")


if __name__ == "__main__":
    main()
