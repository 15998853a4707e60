"""The policy's transformer in PyTorch: the same function as agents/src/model, from the same safetensors file.

Written for speed on a CPU as one would in practice: fused attention, one matrix product for queries, keys and values, logits only
where they are wanted, and for sampling a cache of keys and values that is allocated once.
"""

import torch
import torch.nn.functional as F

TAPS = 3
EPSILON = 1e-6


def norm(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON)


class Model(torch.nn.Module):
    def __init__(self, config, weights):
        super().__init__()
        self.layers, self.heads, self.width = config["layers"], config["heads"], config["width"]
        self.head = self.width // self.heads
        self.weights = torch.nn.ParameterDict({name.replace(".", "_"): torch.nn.Parameter(w) for name, w in weights.items()})
        pairs = torch.arange(self.head // 2, dtype=torch.float64)
        angles = torch.arange(config["context"], dtype=torch.float64)[:, None] * config["rope_base"] ** (-2 * pairs / self.head)
        self.register_buffer("cos", angles.cos().float())
        self.register_buffer("sin", angles.sin().float())

    def part(self, layer, name):
        return self.weights[f"layers_{layer}_{name}"]

    def rotate(self, x, first):
        length = x.shape[2]
        cos, sin = self.cos[first : first + length], self.sin[first : first + length]
        low, high = x.chunk(2, -1)
        return torch.cat((low * cos - high * sin, high * cos + low * sin), -1)

    def split(self, mixed, first):
        """[B, T, 3·width] to rotated queries and keys and to values, [B, heads, T, head]."""
        batch, length, _ = mixed.shape
        q, k, v = mixed.view(batch, length, 3, self.heads, self.head).permute(2, 0, 3, 1, 4)
        return self.rotate(q, first), self.rotate(k, first), v

    def finish(self, layer, x, attended):
        x = x + attended.transpose(1, 2).flatten(2) @ self.part(layer, "out")
        return x + F.relu(norm(x) @ self.part(layer, "up")).square() @ self.part(layer, "down")

    def hidden(self, ids, caches=None):
        """Residual stream [B, T, width] of whole sequences; fills `caches` where given."""
        x = norm(F.embedding(ids, self.weights["embed"]))
        for layer in range(self.layers):
            qkv = norm(x) @ self.part(layer, "qkv")
            mix = self.part(layer, "mix")
            # A causal depthwise convolution, written out: four products are faster here than conv1d.
            mixed = qkv * mix[0]
            for tap in range(1, TAPS + 1):
                mixed = mixed + F.pad(qkv, (0, 0, tap, 0))[:, : qkv.shape[1]] * mix[tap]
            q, k, v = self.split(mixed, 0)
            if caches is not None:
                caches[layer].begin(qkv, k, v)
            x = self.finish(layer, x, F.scaled_dot_product_attention(q, k, v, is_causal=True))
        return x

    def logits(self, x):
        return norm(x) @ self.weights["embed"].T

    def loss(self, ids, rows, targets):
        """Sum of the cross-entropies at `rows` of the flattened batch."""
        x = self.hidden(ids).flatten(0, 1)[rows]
        return F.cross_entropy(self.logits(x), targets, reduction="sum")

    def step(self, token, position, caches):
        """Logits [B, vocabulary] after one more token of every conversation."""
        x = norm(F.embedding(token[:, None], self.weights["embed"]))
        for layer in range(self.layers):
            cache, mix = caches[layer], self.part(layer, "mix")
            qkv = norm(x) @ self.part(layer, "qkv")
            q, k, v = self.split(cache.mixed(qkv, mix), position)
            k, v = cache.push(k, v, position)
            x = self.finish(layer, x, F.scaled_dot_product_attention(q, k, v))
        return self.logits(x[:, 0])


class Cache:
    """Keys, values and the last unmixed rows of one layer, for a batch of conversations of one length."""

    def __init__(self, model, batch, length):
        shape = (batch, model.heads, length, model.head)
        self.k, self.v = torch.empty(shape), torch.empty(shape)
        self.tail = torch.zeros(batch, TAPS, 3 * model.width)

    def begin(self, qkv, k, v):
        length = k.shape[2]
        self.k[:, :, :length], self.v[:, :, :length] = k, v
        self.tail.copy_(qkv[:, -TAPS:])

    def mixed(self, qkv, mix):
        rows = torch.cat((self.tail, qkv), 1)
        self.tail = rows[:, 1:]
        return (rows * mix.flip(0)).sum(1, keepdim=True)

    def push(self, k, v, position):
        self.k[:, :, position : position + 1], self.v[:, :, position : position + 1] = k, v
        return self.k[:, :, : position + 1], self.v[:, :, : position + 1]


def sample(model, prompts, count):
    """Draws `count` tokens for each prompt [B, T] at temperature 1; the prompts are read before the clock starts."""
    import time

    with torch.inference_mode():
        batch, length = prompts.shape
        caches = [Cache(model, batch, length + count) for _ in range(model.layers)]
        logits = model.logits(model.hidden(prompts, caches)[:, -1])
        begun = time.perf_counter()
        for n in range(count):
            token = torch.multinomial(logits.softmax(-1), 1)[:, 0]
            if n + 1 < count:
                logits = model.step(token, length + n, caches)
        return batch * count / (time.perf_counter() - begun)
