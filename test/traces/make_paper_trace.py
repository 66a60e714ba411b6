"""Reference traces of training, computed by PyTorch and independent of this engine.

Run:    python3 make_paper_trace.py        (Debian: apt install python3-torch; 1.13, CPU, two minutes)
Writes: paper_trace.json and strided_trace.json beside this file; the same bytes on every run.

What is compared with them: the loss and the number of right answers before each step, the gradients of
step 1, the parameters after the last step.

Each trace is computed in f64 and in f32, from the same f32 weights and images, so the runs differ only by
rounding. One f32 run may be lucky: a network amplifies rounding where an activation lies within it of the
kink of a relu or of the next candidate of a pooling window. So four more f32 runs add noise of 1e-6 of its
root mean square to every gradient, about what another order of summation does, and `rounding` in the JSON is
the worst of the five. The test's tolerance comes from it and not from a guess. Images and seed were chosen
among some twenty so that this amplification stays small.

Models (channels last, kernels [KH,KW,C,O], dense kernels [in,out], flatten in the order H W C):
  paper    the 887,530-parameter network with its dropout switched off, batch 16, 8 steps
  strided  conv 5x5x8 stride 2 valid relu, max-pool 3x3 stride 2, flatten, dense 10; batch 16, 5 steps:
           what `paper` does not reach, that is no padding, strides, overlapping windows, and a last row
           and column that no pooling window covers
Loss: mean softmax cross-entropy of the batch. Optimiser: RMSprop with epsilon inside the root, as Keras:
  v = rho v + (1 - rho) g^2;  p = p - lr g / sqrt(v + eps);  v starts at 0.

Data come from pcg4d (Jarzynski & Olano 2020, "Hash functions for GPU rendering"), a hash of four 32-bit
words, so that trace_data.ts makes the same bits. Images are drawn with integers only, and every pixel
carries noise, so that activations of a pooling window do not tie. Weights are rounded once, from f64 to
f32. Biases are not zero, so that a forgotten bias shows.

JSON, per trace:
  settings      seed, batch, steps, optimiser
  check         of the generators: first labels, pixel sum of each batch, first value and sum of each parameter
  f64, f32      loss[step], correct[step] (of `batch`), before each step, each on a fresh batch
  margin        smallest gap in a batch between the two largest logits (f64): why `correct` can be compared exactly
  parameters    per parameter, in order: name, shape, limit (of its initial values); gradient of step 1 (f64):
                l2 norm, samples [flat index, value] of elements that are not 0; after the last step: sum (f64), l2 (f64)
  rounding      how far f32 is from f64, worst of the five runs: |loss difference| per step; per parameter the
                relative difference (l2 norm of the difference over l2 norm) of the step-1 gradient before any
                noise, and of the parameters after the last step, and the difference of their sums; and
                whether all five counted the same right answers as f64
"""
import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

WEIGHTS, SAMPLE, NOISE, DISTURBANCE = 101, 102, 103, 104  # third word of the hash: which stream
SEED, BATCH, LR, RHO, EPS = 2022, 16, 1e-3, 0.9, 1e-8
SIZE, CLASSES, BIAS_LIMIT = 28, 10, 0.05
DISTURBED_RUNS, DISTURBANCE_SIZE = 4, 1e-6


def pcg4d(x, y, z, w):
    """Four u32 words (numbers or arrays) to four uniformly mixed ones."""
    v = [np.asarray(c, np.uint32) * np.uint32(1664525) + np.uint32(1013904223) for c in np.broadcast_arrays(x, y, z, w)]

    def mix():
        v[0] = v[0] + v[1] * v[3]
        v[1] = v[1] + v[2] * v[0]
        v[2] = v[2] + v[0] * v[1]
        v[3] = v[3] + v[1] * v[2]

    mix()
    v = [c ^ (c >> np.uint32(16)) for c in v]
    mix()
    return v


def uniform(index, *words):
    """Uniform in [0, 1), from the top 24 bits of the hash's first word; f64, exact."""
    return (pcg4d(index, *words)[0] >> np.uint32(8)).astype(np.float64) * 2.0**-24


def trace_weights(number, count, limit):
    """Parameter `number` of the model: (2u - 1) limit in f64, then rounded to f32."""
    return ((2 * uniform(np.arange(count), number, WEIGHTS, SEED) - 1) * limit).astype(np.float32)


def trace_batch(step):
    """Pixels u8 [BATCH,28,28] and labels: a blob, whose place is the label's in a grid of 5 by 2, and noise 0..7."""
    n = step * BATCH + np.arange(BATCH)
    label = pcg4d(n, 0, SAMPLE, SEED)[0].astype(np.int64) % CLASSES
    cx, cy = (6 + 4 * (label % 5))[:, None, None], (8 + 11 * (label // 5))[:, None, None]
    y, x = np.mgrid[:SIZE, :SIZE]
    blob = np.maximum(0, 240 - 12 * ((x - cx) ** 2 + (y - cy) ** 2))
    noise = pcg4d(np.arange(SIZE * SIZE), n[:, None], NOISE, SEED)[0] >> np.uint32(29)
    return (blob + noise.reshape(BATCH, SIZE, SIZE)).astype(np.uint8), label


def disturbed(gradient, number, step, run):
    """The gradient with uniform noise of DISTURBANCE_SIZE of its root mean square, except where it is exactly 0."""
    noise = uniform(np.arange(gradient.numel()), number * 100 + step, DISTURBANCE, run) - 0.5
    noise = torch.from_numpy(noise * math.sqrt(12) * DISTURBANCE_SIZE).to(gradient.dtype).reshape(gradient.shape)
    return gradient + (gradient != 0) * noise * gradient.pow(2).mean().sqrt()


# A layer is (kind, ...); conv: kernel shape, stride, padding in pixels; pool: window, stride; dense: kernel shape.
PAPER = [("conv", (5, 5, 1, 32), 1, 2), ("relu",), ("conv", (5, 5, 32, 32), 1, 2), ("relu",), ("pool", 2, 2),
         ("conv", (3, 3, 32, 64), 1, 1), ("relu",), ("conv", (3, 3, 64, 64), 1, 1), ("relu",), ("pool", 2, 2),
         ("flatten",), ("dense", (3136, 256)), ("relu",), ("dense", (256, CLASSES))]
STRIDED = [("conv", (5, 5, 1, 8), 2, 0), ("relu",), ("pool", 3, 2), ("flatten",), ("dense", (200, CLASSES))]


def initial_parameters(layers):
    """(name, limit, f32 tensor), kernel then bias of each layer; Glorot uniform limits as in Keras."""
    out = []
    seen = {"conv": 0, "dense": 0}
    for kind, *rest in layers:
        if kind not in seen:
            continue
        seen[kind] += 1
        shape = rest[0]
        window = math.prod(shape[:-2])
        limit = math.sqrt(6 / (window * (shape[-2] + shape[-1])))
        for part, shape, limit in (("kernel", shape, limit), ("bias", shape[-1:], BIAS_LIMIT)):
            values = trace_weights(len(out), math.prod(shape), limit)
            out.append((f"{kind}{seen[kind]}/{part}", limit, torch.from_numpy(values).reshape(shape)))
    return out


def forward(layers, params, x):
    """x [N,H,W,1] to logits [N,10]; inside the convolutions and pools PyTorch wants N C H W."""
    params = iter(params)
    for kind, *rest in layers:
        if kind == "conv":
            kernel, bias = next(params), next(params)
            x = F.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias, rest[1], rest[2]).permute(0, 2, 3, 1)
        elif kind == "pool":
            x = F.max_pool2d(x.permute(0, 3, 1, 2), rest[0], rest[1]).permute(0, 2, 3, 1)
        elif kind == "relu":
            x = F.relu(x)
        elif kind == "flatten":
            x = x.reshape(len(x), -1)
        else:
            x = x @ next(params) + next(params)
    return x


def train(layers, steps, dtype, run=0):
    """Run 0 is the plain one; others disturb their gradients. Returns losses, right answers, margins, first gradients, parameters."""
    params = [p.to(dtype).requires_grad_() for _, _, p in initial_parameters(layers)]
    squares = [torch.zeros_like(p) for p in params]
    losses, correct, margins, first_gradients = [], [], [], None
    for step in range(steps):
        pixels, labels = trace_batch(step)
        x = torch.from_numpy((pixels / 255).astype(np.float32)).to(dtype)[..., None]
        logits = forward(layers, params, x)
        target = torch.from_numpy(labels)
        loss = F.cross_entropy(logits, target)
        top = logits.topk(2).values
        losses.append(loss.item())
        correct.append(int((logits.argmax(1) == target).sum()))
        margins.append((top[:, 0] - top[:, 1]).min().item())
        gradients = torch.autograd.grad(loss, params)
        first_gradients = first_gradients or [g.clone() for g in gradients]
        if run:
            gradients = [disturbed(g, number, step, run) for number, g in enumerate(gradients)]
        with torch.no_grad():
            for p, v, g in zip(params, squares, gradients):
                v.mul_(RHO).add_((1 - RHO) * g * g)
                p.sub_(LR * g / torch.sqrt(v + EPS))
    return losses, correct, margins, first_gradients, [p.detach() for p in params]


def digits(value, count):
    return [digits(v, count) for v in value] if isinstance(value, list) else float(f"{value:.{count}g}")


def worst(runs, reference, distance):
    """Per entry of `reference`, the largest distance of the runs from it."""
    return [digits(max(distance(r[k], reference[k]) for r in runs), 2) for k in range(len(reference))]


def relative(a, b):
    return ((a.double() - b).norm() / b.norm()).item()


def trace(layers, steps):
    initial = initial_parameters(layers)
    loss64, correct64, margin, grad64, end64 = train(layers, steps, torch.float64)
    runs = [train(layers, steps, torch.float32, run) for run in range(1 + DISTURBED_RUNS)]
    loss32, correct32, _, grad32, _ = runs[0]
    parameters = []
    for (name, limit, start), g, end in zip(initial, grad64, end64):
        flat = g.flatten()
        live = flat.nonzero().flatten().tolist()  # many units are off, and zeros compare too easily
        index = [live[k * (len(live) - 1) // 5] for k in range(6)]
        parameters.append({
            "name": name, "shape": list(start.shape), "limit": limit,
            "gradient": {"l2": digits(g.norm().item(), 10), "samples": [[i, digits(flat[i].item(), 10)] for i in index]},
            "final": {"sum": digits(end.sum().item(), 10), "l2": digits(end.norm().item(), 10)},
        })
    return {
        "settings": {"seed": SEED, "batch": BATCH, "steps": steps, "optimizer": "rmsprop", "learningRate": LR, "rho": RHO,
                     "epsilon": EPS, "epsilonInsideRoot": True, "dropout": 0},
        "check": {"labels": trace_batch(0)[1].tolist(), "pixelSums": [int(trace_batch(s)[0].sum()) for s in range(steps)],
                  "firstWeights": [p.flatten()[0].item() for _, _, p in initial],
                  "weightSums": [math.fsum(p.flatten().tolist()) for _, _, p in initial]},
        "f64": {"loss": digits(loss64, 10), "correct": correct64},
        "f32": {"loss": digits(loss32, 9), "correct": correct32},
        "margin": digits(margin, 2),
        "parameters": parameters,
        "rounding": {"loss": worst([r[0] for r in runs], loss64, lambda a, b: abs(a - b)),
                     "gradient": worst([grad32], grad64, relative),
                     "final": worst([r[4] for r in runs], end64, relative),
                     "finalSum": worst([r[4] for r in runs], end64, lambda a, b: abs(a.double().sum() - b.sum()).item()),
                     "sameCorrect": all(r[1] == correct64 for r in runs)},
    }


def write(name, value):
    """One line per entry of each part: short to read, and a change shows where it is."""
    lines = []
    for key, part in value.items():
        rows = part if isinstance(part, list) and isinstance(part[0], dict) else None
        if rows:
            lines.append(f'"{key}": [\n  ' + ",\n  ".join(json.dumps(r) for r in rows) + "\n]")
        elif isinstance(part, dict):
            lines.append(f'"{key}": {{\n  ' + ",\n  ".join(f'"{k}": {json.dumps(v)}' for k, v in part.items()) + "\n}")
        else:
            lines.append(f'"{key}": {json.dumps(part)}')
    pathlib.Path(__file__).with_name(name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)  # the order of the sums, and so the last bits, does not depend on the machine's cores
    write("paper_trace.json", trace(PAPER, 8))
    write("strided_trace.json", trace(STRIDED, 5))
