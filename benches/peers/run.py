"""Our learner and sampler beside the same transformer in PyTorch, on the same cores, in turn.

    python benches/peers/run.py [--coevo PATH] [--rounds N] [--threads N]

Needs torch, numpy and safetensors. `coevo bench peers` writes weights and sequences and then does what it is told over a pipe; first
both must find the same loss, gradient norm and logits, then each measurement is taken in short alternating runs, so that
whatever else the machine does meets both alike. Medians and their ratios are printed.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from model import Model, sample  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    found = [ROOT / "target" / kind / "coevo" for kind in ("release", "debug")]
    default = next((path for path in found if path.exists()), "coevo")
    parser.add_argument("--coevo", default=default, help="the binary [default: target/release or target/debug]")
    parser.add_argument("--rounds", type=int, default=5, help="alternations of each measurement")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


class Ours:
    """The `coevo bench peers` process: one line asks, one line of JSON answers."""

    def __init__(self, binary, folder, threads):
        environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
        command = [str(binary), "bench", "peers", "--folder", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.ready = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("coevo bench peers ended early")
        return json.loads(line)

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.answer()


def micro_batches(sequences, most):
    """Padded batches of sequences of like length with at most `most` tokens, ready as tensors."""
    batches, current = [], []
    for sequence in sorted(sequences, key=lambda s: -len(s["ids"])):
        if current and (len(current) + 1) * len(current[0]["ids"]) > most:
            batches.append(current)
            current = []
        current.append(sequence)
    batches.append(current)
    out = []
    for batch in batches:
        length = len(batch[0]["ids"])
        ids = torch.zeros(len(batch), length, dtype=torch.long)
        rows, targets = [], []
        for index, sequence in enumerate(batch):
            ids[index, : len(sequence["ids"])] = torch.tensor(sequence["ids"])
            rows += [index * length + at for at in sequence["rows"]]
            targets += sequence["targets"]
        out.append((ids, torch.tensor(rows), torch.tensor(targets)))
    return out


def train_step(model, optimizer, batches, total):
    optimizer.zero_grad(set_to_none=True)
    loss = 0.0
    for ids, rows, targets in batches:
        part = model.loss(ids, rows, targets) / total
        part.backward()
        loss += part.item()
    size = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss, size.item()


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        ours = Ours(args.coevo, folder, args.threads)
        config = json.loads((folder / "peer.json").read_text())
        new = lambda: Model(config["model"], load_file(folder / "weights.safetensors"))  # noqa: E731
        compare(ours, config, new(), args)
        ours.process.stdin.close()
        ours.process.wait()


def compare(ours, config, model, args):
    sequences, prompt, count = config["sequences"], config["prompt"], config["count"]
    total = sum(len(s["targets"]) for s in sequences)
    tokens = sum(len(s["ids"]) for s in sequences)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters} parameters, {len(sequences)} sequences of {tokens} tokens, {total} of them trained on;"
          f" {args.threads} threads, torch {torch.__version__}")

    # The same numbers first. A rate of 0: the gradient is taken, nothing moves.
    still = torch.optim.AdamW(model.parameters(), lr=0.0)
    loss, size = train_step(model, still, micro_batches(sequences, 8192), total)
    with torch.inference_mode():
        logits = model.logits(model.hidden(torch.tensor([prompt]))[:, -1])[0]
    gaps = {
        "loss": abs(loss - ours.ready["loss"]) / abs(loss),
        "gradient norm": abs(size - ours.ready["gradient_norm"]) / size,
        "logits": (logits - torch.tensor(config["logits"])).abs().max().item(),
    }
    for name, gap in gaps.items():
        print(f"  {name:14} differs by {gap:.1e}")
        if gap > 1e-3:
            sys.exit(f"not the same model: {name}")

    # The size of padded batch that suits PyTorch best here.
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)

    def peer(batches):
        begun = time.perf_counter()
        train_step(model, optimizer, batches, total)
        return tokens / (time.perf_counter() - begun)

    tried = {most: micro_batches(sequences, most) for most in (1024, 2048, 4096, 8192, 16384)}
    rates = {most: max(peer(batches) for _ in range(2)) for most, batches in tried.items()}
    best = tried[max(rates, key=rates.get)]
    print("  PyTorch by tokens of a padded batch: " + ", ".join(f"{most}: {rate:.0f}/s" for most, rate in rates.items()))

    prompts = torch.tensor([prompt] * config["batch"])
    measured = {
        "training, nothing shared": ("train-apart", lambda: peer(best)),
        "training, openings shared": ("train", lambda: peer(best)),
        f"sampling, batch {config['batch']}": ("sample", lambda: sample(model, prompts, count)),
    }
    print(f"tokens/s, medians of {args.rounds} alternating runs\n  {'':28} {'coevo':>9} {'PyTorch':>9} {'ratio':>6}")
    for name, (what, theirs) in measured.items():
        pairs = [(ours.ask(what)["tokens_per_s"], theirs()) for _ in range(args.rounds + 1)][1:]
        mine, other = (statistics.median(side) for side in zip(*pairs))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"  {name:28} {mine:>9.0f} {other:>9.0f} {ratio:>6.2f}")
    print(f"  rows that were computed for these tokens: {ours.ready['rows']} of {tokens}"
          f" (a sequence's opening is shared by its shard)")


if __name__ == "__main__":
    main()
