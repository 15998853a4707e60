"""PyTorch's word on the learner's losses and advantages: makes the numbers that the Rust tests read.

    python benches/peers/losses.py          # any CPU build of torch 2.x; rewrites the two files below

- `agents/src/learner/parity.json`: a few sequences, and for every option of the loss its value, its gradient by the logits
  (autograd, float64) and how many tokens were clipped.
- `engine/core/src/advantage/parity.json`: a few groups, and for every estimator the advantage of each episode, turn or step.

Everything is written the way one writes it in PyTorch (padded tensors, masks, `torch.minimum`), not the way the Rust does
it. Inputs are rounded before they are used, so that both sides compute from the same numbers.
"""

import json
import math
import pathlib

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCABULARY = 6
torch.set_default_dtype(torch.float64)


def rounded(x, digits=5):
    return torch.round(x * 10**digits) / 10**digits


def significant(x):
    """Nested lists of short numbers."""
    if isinstance(x, torch.Tensor):
        x = x.tolist()
    if isinstance(x, list):
        return [significant(item) for item in x]
    return x if x is None else float(f"{x:.9g}")


# Losses --------------------------------------------------------------------------------------------------------------


def sequences(generator):
    """Padded tensors [sequences, positions]; position t is about token t, predicted by logits[:, t]."""
    lengths, longest = [14, 8, 20, 11], 20
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    ids = torch.randint(0, VOCABULARY, (4, longest), generator=generator)
    logits = rounded(1.5 * draw(4, longest, VOCABULARY))
    real = torch.arange(longest)[None, :] < torch.tensor(lengths)[:, None]
    action = real & (torch.rand(4, longest, generator=generator) < 0.65)
    action[:, 0] = False
    now = logits.log_softmax(-1).gather(-1, ids[..., None])[..., 0]
    # Off-policy enough for every branch: the last action of each sequence is now about 5 or 15 times as likely as it was.
    old = now + 0.35 * draw(4, longest)
    for row, shift in enumerate([1.6, 2.7, 1.6, 2.7]):
        old[row, action[row].nonzero()[-1]] -= shift
    old = old.clamp(max=-0.01)
    reference = now + 0.5 * draw(4, longest)
    advantage = draw(4, longest)
    advantage[2:] = -advantage[2:].abs()
    zero = torch.zeros(())
    return {
        "lengths": lengths,
        "ids": ids,
        "action": action,
        "logits": logits,
        "old": torch.where(action, rounded(old), zero),
        "reference": torch.where(action, rounded(reference), zero),
        "advantage": torch.where(action, rounded(advantage), zero),
    }


def policy_loss(data, logits, options):
    """Clipped surrogate with dual clip, k3 penalty, entropy bonus; aggregated."""
    log_probs = logits.log_softmax(-1)
    now = log_probs.gather(-1, data["ids"][..., None])[..., 0]
    ratio = (now - data["old"]).exp()
    advantage, mask = data["advantage"], data["action"].to(now.dtype)
    unclipped = -advantage * ratio
    clipped = -advantage * ratio.clamp(1 - options["clip_low"], 1 + options["clip_high"])
    worse = torch.maximum(unclipped, clipped)
    bounded = torch.minimum(worse, -advantage * options["dual_clip"])
    loss = torch.where(advantage < 0, bounded, worse)
    log_ratio = data["reference"] - now
    kl = log_ratio.exp() - log_ratio - 1
    entropy = -(log_probs.exp() * log_probs).sum(-1)
    loss = loss + options["kl_weight"] * kl - options["entropy_weight"] * entropy
    counts = {
        "clipped": int(((clipped > unclipped) & data["action"]).sum()),
        "dual_clipped": int(((worse > -advantage * options["dual_clip"]) & (advantage < 0) & data["action"]).sum()),
    }
    return aggregate(loss, mask, options["aggregation"]), counts


def imitation_loss(data, logits):
    now = logits.log_softmax(-1).gather(-1, data["ids"][..., None])[..., 0]
    return aggregate(-now, data["action"].to(now.dtype), "token_mean"), {"clipped": 0, "dual_clipped": 0}


def aggregate(loss, mask, how):
    if how == "token_mean":
        return (loss * mask).sum() / mask.sum()
    if how == "sequence_mean":
        return ((loss * mask).sum(1) / mask.sum(1)).mean()
    return ((loss * mask).sum(1) / how["constant"]["tokens"]).mean()


def losses():
    data = sequences(torch.Generator().manual_seed(20))
    plain = {
        "clip_low": 0.2,
        "clip_high": 0.2,
        "dual_clip": 10.0,
        "kl_weight": 0.0,
        "entropy_weight": 0.0,
        "aggregation": "token_mean",
    }
    variants = {
        "clip": {},
        "clip higher": {"clip_low": 0.1, "clip_high": 0.5},
        "dual clip": {"dual_clip": 3.0},
        "low-variance KL": {"kl_weight": 0.2},
        "entropy": {"entropy_weight": 0.05},
        "sequence mean": {"aggregation": "sequence_mean"},
        "constant": {"aggregation": {"constant": {"tokens": 8}}},
        "everything, token mean": {"clip_high": 0.28, "dual_clip": 3.0, "kl_weight": 0.1, "entropy_weight": 0.02},
        "everything, sequence mean": {
            "clip_high": 0.28,
            "dual_clip": 3.0,
            "kl_weight": 0.1,
            "entropy_weight": 0.02,
            "aggregation": "sequence_mean",
        },
        "everything, constant": {
            "clip_high": 0.28,
            "dual_clip": 3.0,
            "kl_weight": 0.1,
            "entropy_weight": 0.02,
            "aggregation": {"constant": {"tokens": 12}},
        },
    }
    cases = []
    for name, change in [("imitation", None), *variants.items()]:
        logits = data["logits"].clone().requires_grad_()
        options = None if change is None else plain | change
        loss, counts = imitation_loss(data, logits) if options is None else policy_loss(data, logits, options)
        loss.backward()
        assert logits.grad[~data["action"]].abs().max() == 0.0, "only action tokens are trained"
        gradient = significant(logits.grad[data["action"]])
        cases.append({"name": name, "options": options, "loss": significant(loss), "gradient": gradient, **counts})
    assert any(case["dual_clipped"] for case in cases) and cases[1]["clipped"] > 3

    def of(key, row):
        return data[key][row, : data["lengths"][row]].tolist()

    rows = [
        {key: of(key, row) for key in ["ids", "action", "old", "reference", "advantage"]}
        | {"logits": data["logits"][row][data["action"][row]].tolist()}
        for row in range(4)
    ]
    return {"vocabulary": VOCABULARY, "sequences": rows, "cases": cases}


# Advantages ----------------------------------------------------------------------------------------------------------


def relative(values, baseline, scale):
    """Over all entries of a tensor; one entry, or equal ones, have no advantage."""
    n = values.numel()
    if n < 2 or bool((values == values[0]).all()):
        return torch.zeros(n)
    if baseline == "leave_one_out":
        others = ~torch.eye(n, dtype=torch.bool)
        base = torch.stack([values[others[i]].mean() for i in range(n)])
    else:
        base = values.mean().expand(n)
    return (values - base) / (values.std(correction=1) + 1e-6 if scale == "std" else 1.0)


def returns(rewards, discount):
    """Reward to go, as one matrix product."""
    n = len(rewards)
    powers = torch.tensor([[discount ** (k - t) if k >= t else 0.0 for k in range(n)] for t in range(n)])
    return powers @ torch.tensor(rewards)


def estimate(group, options):
    """Per member: the episode's advantage, and those of its turns or steps."""
    scored = [m for m in group if m["reward"] is not None]
    by_episode = relative(torch.tensor([m["reward"] for m in scored]), options["baseline"], options["scale"])
    turns = [[0.0] * len(m["passed"]) for m in scored]
    if options["credit"] == "turn":
        for turn in range(max(len(m["passed"]) for m in scored)):
            on_track = [i for i, m in enumerate(scored) if turn < len(m["passed"]) and all(m["passed"][:turn])]
            verdicts = torch.tensor([float(scored[i]["passed"][turn]) for i in on_track])
            for i, advantage in zip(on_track, relative(verdicts, options["baseline"], options["scale"])):
                turns[i][turn] = float(advantage)
    steps = [by_episode[i].expand(len(m["steps"])).clone() for i, m in enumerate(scored)]
    if options["credit"] == "step":
        to_go = torch.cat([returns([s["reward"] for s in m["steps"]], options["discount"]) for m in scored])
        keys = [(s["turn"], s["state"]) for m in scored for s in m["steps"]]
        flat = torch.cat(steps)
        for key in sorted(set(keys)):
            same = torch.tensor([k == key for k in keys])
            flat[same] += options["step_weight"] * relative(to_go[same], options["baseline"], options["scale"])
        steps = list(flat.split([len(m["steps"]) for m in scored]))
    found = iter(zip(by_episode, turns, steps))
    out = []
    for m in group:
        if m["reward"] is None:
            out.append(None)
            continue
        episode, of_turns, of_steps = next(found)
        out.append(
            {
                "episode": significant(episode),
                "turns": significant(of_turns) if options["credit"] == "turn" else [],
                "steps": significant(of_steps) if options["credit"] == "step" else [],
            }
        )
    return out


def member(passed, states, share=False):
    """An episode of turns: `states[t]` are the states before each step of turn t. Its reward is paid on the last step, or,
    where `share`, on the last step of each turn that passed."""
    steps = [{"turn": t, "state": s, "reward": 0.0} for t, turn in enumerate(states) for s in turn]
    last = {t: max(i for i, s in enumerate(steps) if s["turn"] == t) for t in range(len(states))}
    if share:
        for t, ok in enumerate(passed):
            steps[last[t]]["reward"] = float(ok) / len(passed)
        reward = sum(map(float, passed)) / len(passed)
    else:
        reward = float(all(passed))
        steps[-1]["reward"] = reward
    return {"reward": reward, "passed": passed, "steps": steps}


def advantages():
    fault = {"reward": None, "passed": [], "steps": []}
    groups = {
        "one fault": [
            member([True, True], [[1, 2, 3], [3, 4]]),
            member([True, False], [[1, 2, 2, 3], [3, 5, 5]]),
            fault,
            member([False, False], [[1, 1, 6], [6]]),
            member([True, True], [[1, 3], [3, 4, 4, 7]]),
        ],
        "shares of turns": [
            member([True, False, True], [[1, 2], [2, 3, 3], [3]], share=True),
            member([True, True, True], [[1, 2, 2], [2, 3], [4, 4]], share=True),
            member([False, False, False], [[1], [1, 9], [9]], share=True),
        ],
        "all passed, at different length": [
            member([True], [[1, 2, 3]]),
            member([True], [[1, 2, 2, 2, 3]]),
        ],
    }
    base = {"credit": "episode", "baseline": "mean", "scale": "std", "step_weight": 1.0, "discount": 0.95}
    estimators = {
        "GRPO": {},
        "Dr. GRPO": {"scale": "none"},
        "RLOO": {"baseline": "leave_one_out", "scale": "none"},
        "leave one out, std": {"baseline": "leave_one_out"},
        "turn credit": {"credit": "turn"},
        "turn credit, RLOO": {"credit": "turn", "baseline": "leave_one_out", "scale": "none"},
        "GiGPO": {"credit": "step"},
        "GiGPO without std": {"credit": "step", "scale": "none", "step_weight": 0.5, "discount": 0.9},
        "GiGPO, leave one out": {"credit": "step", "baseline": "leave_one_out", "scale": "none"},
    }
    return {
        "groups": [{"name": name, "members": group} for name, group in groups.items()],
        "cases": [
            {
                "name": name,
                "options": base | change,
                "expected": [estimate(group, base | change) for group in groups.values()],
            }
            for name, change in estimators.items()
        ],
    }


def write(path, value):
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    (ROOT / path).write_text(text.replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    assert math.isclose(float(relative(torch.tensor([1.0, 0.0]), "mean", "none")[0]), 0.5)
    write("agents/src/learner/parity.json", losses())
    write("engine/core/src/advantage/parity.json", advantages())
    print(f"torch {torch.__version__}")
