"""Times the official BFCL executor, and the best direct use of its classes, on the whole ground truth.

    python speed.py OUT.json [PASSES]

Both give every task fresh instances and turn each result into text. `official` is `execute_multi_turn_func_call`, turn by turn,
under a name of its own for each run; `direct` builds the classes itself and calls bound methods with arguments that were
parsed before the clock started. Times are the shortest of PASSES passes, in ms per category; the garbage collector runs
between passes only.
"""

import ast
import copy
import gc
import importlib
import json
import sys
import time

import dump
from bfcl_eval.constants.executable_backend_config import CLASS_FILE_PATH_MAPPING, STATELESS_CLASSES
from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_utils as utils

CLASSES = {
    name: getattr(importlib.import_module(module), name)
    for name, module in CLASS_FILE_PATH_MAPPING.items()
    if name in ("GorillaFileSystem", "MathAPI", "MessageAPI", "TicketAPI", "TradingBot", "TravelAPI", "TwitterAPI", "VehicleControlAPI")
}


def text(result):
    if isinstance(result, str):
        return result
    if isinstance(result, dict):
        try:
            return json.dumps(result)
        except TypeError:
            return str(result)
    return str(result)


def official(split, entry, truth, name):
    return [
        utils.execute_multi_turn_func_call(
            calls, entry["initial_config"], entry["involved_classes"], name, entry["id"],
            long_context=split == "long_context", is_evaL_run=True,
        )[0]
        for calls in truth
    ]


def parsed(call):
    node = ast.parse(call, mode="eval").body
    args = [ast.literal_eval(arg) for arg in node.args]
    return node.func.id, args, {item.arg: ast.literal_eval(item.value) for item in node.keywords}


def direct(split, entry, turns):
    instances = []
    for name in entry["involved_classes"]:
        instance = CLASSES[name]()
        if name not in STATELESS_CLASSES:
            config = copy.deepcopy(entry["initial_config"].get(name, {}))
            instance._load_scenario(config, long_context=split == "long_context")
        instances.insert(0, instance)
    results = []
    for calls in turns:
        said = []
        for name, args, named in calls:
            try:
                for instance in instances:
                    method = getattr(instance, name, None)
                    if method is not None:
                        break
                said.append(text(method(*args, **named)))
            except Exception as error:
                said.append(f"Error during execution: {error}")
        results.append(said)
    return results


def best(passes, run, tasks):
    shortest = float("inf")
    for number in range(passes):
        dump.fresh()
        gc.collect()
        gc.disable()
        start = time.perf_counter()
        for task in tasks:
            run(number, *task)
        shortest = min(shortest, time.perf_counter() - start)
        gc.enable()
    return 1000 * shortest


def main():
    passes = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    groups, results = {}, {}
    for split, entry, truth in dump.tasks():
        groups.setdefault(split, []).append((split, entry, truth, [list(map(parsed, calls)) for calls in truth]))
        results[entry["id"]] = official(split, entry, truth, dump.fresh())
        if direct(split, entry, groups[split][-1][3]) != results[entry["id"]]:
            print(f"{entry['id']}: direct use gives other results", file=sys.stderr)
    times = {}
    for split, tasks in groups.items():
        times[split] = {
            "official_ms": best(passes, lambda n, s, e, t, _: official(s, e, t, f"timed{n}"), tasks),
            "direct_ms": best(passes, lambda _, s, e, __, t: direct(s, e, t), tasks),
        }
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump({"python": sys.version.split()[0], "times": times, "results": results}, out)


if __name__ == "__main__":
    main()
