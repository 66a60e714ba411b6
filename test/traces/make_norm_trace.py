"""A reference trace of a normalised network, computed by PyTorch and independent of this engine.

Run:    python3 make_norm_trace.py         (Debian: apt install python3-torch; 1.13, CPU, seconds)
Writes: norm_trace.json beside this file; the same bytes on every run.

What is compared with it: the loss (its L2 term included) and the right answers of each step, the parameters and the
moving statistics after the last one. Data, first weights, rounding runs and their noise are those of
make_paper_trace.py, whose head explains them.

Model (channels last, kernels [KH,KW,C,O], dense kernels [in,out], flatten in the order H W C), batch 16, 6 steps:
  conv 5x5x8 stride 2, normalisation, relu, average pool 3x3 stride 2 'same' (12 -> 6: the last window holds 2 of 3),
  conv 3x3x12 'same', normalisation, relu, flatten, dense 16, normalisation, sigmoid, dense 10
No layer before a normalisation has a bias. Normalisation: epsilon 1e-3, biased variance; the moving statistics keep
0.75 of themselves at each step, and theirs is the biased variance too (PyTorch's own would be the unbiased one).
Loss: mean softmax cross-entropy + 1e-3 times the sum of squares of every kernel.
Optimiser: torch.optim.SGD, rate 0.05, momentum 0.9.

JSON:
  settings, check    as in paper_trace.json
  f64                loss[step], correct[step]
  parameters         in the order of the layers: name, shape, limit and centre of the initial values, trainable; after the
                     last step (f64): sum, l2, samples [flat index, value]
  rounding           worst of five f32 runs: |loss difference| per step; per parameter the relative difference and that
                     of the sums
"""
import math

import torch
import torch.nn.functional as F

from make_paper_trace import (BATCH, BIAS_LIMIT, CLASSES, DISTURBED_RUNS, SEED, digits, disturbed, relative, trace_batch,
                              trace_weights, worst, write)

STEPS, LR, MOMENTUM, L2, EPS, KEPT, GAMMA_LIMIT = 6, 0.05, 0.9, 1e-3, 1e-3, 0.75, 0.25

# name, shape, limit, centre; None as the limit is Glorot's. Moving statistics come after, and start at 0 and 1.
TRAINED = [("conv2d/kernel", (5, 5, 1, 8)), ("batch_normalization", 8), ("conv2d_1/kernel", (3, 3, 8, 12)),
           ("batch_normalization_1", 12), ("dense/kernel", (432, 16)), ("batch_normalization_2", 16),
           ("dense_1/kernel", (16, CLASSES)), ("dense_1/bias", (CLASSES,))]


def layout():
    """(name, shape, limit, centre) of every trained parameter."""
    out = []
    for name, shape in TRAINED:
        if isinstance(shape, int):
            out += [(f"{name}/gamma", (shape,), GAMMA_LIMIT, 1.0), (f"{name}/beta", (shape,), BIAS_LIMIT, 0.0)]
        elif len(shape) == 1:
            out.append((name, shape, BIAS_LIMIT, 0.0))
        else:
            fans = math.prod(shape[:-2]) * (shape[-2] + shape[-1])
            out.append((name, shape, math.sqrt(6 / fans), 0.0))
    return out


def first_values(dtype):
    made = {}
    for number, (name, shape, limit, centre) in enumerate(layout()):
        values = torch.from_numpy(trace_weights(number, math.prod(shape), limit)) + torch.tensor(centre, dtype=torch.float32)
        made[name] = values.reshape(shape).to(dtype).requires_grad_()
    return made


def normalise(x, name, weights, moving):
    """PyTorch's batch normalisation of the last axis; the moving statistics by their formula."""
    rows = x.reshape(-1, x.shape[-1])
    with torch.no_grad():
        for part, value in (("moving_mean", rows.mean(0)), ("moving_variance", rows.var(0, unbiased=False))):
            key = f"{name}/{part}"
            start = torch.zeros_like(value) if part == "moving_mean" else torch.ones_like(value)
            moving[key] = KEPT * moving.get(key, start) + (1 - KEPT) * value
    y = F.batch_norm(rows, None, None, weights[f"{name}/gamma"], weights[f"{name}/beta"], training=True, eps=EPS)
    return y.reshape(x.shape)


def conv(x, kernel, stride, padding):
    return F.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), None, stride, padding).permute(0, 2, 3, 1)


def forward(x, weights, moving):
    x = F.relu(normalise(conv(x, weights["conv2d/kernel"], 2, 0), "batch_normalization", weights, moving))
    x = F.avg_pool2d(x.permute(0, 3, 1, 2), 3, 2, ceil_mode=True, count_include_pad=False).permute(0, 2, 3, 1)
    x = F.relu(normalise(conv(x, weights["conv2d_1/kernel"], 1, 1), "batch_normalization_1", weights, moving))
    x = x.reshape(len(x), -1) @ weights["dense/kernel"]
    x = torch.sigmoid(normalise(x, "batch_normalization_2", weights, moving))
    return x @ weights["dense_1/kernel"] + weights["dense_1/bias"]


def train(dtype, run=0):
    """Losses, right answers, and all parameters at the end, the moving ones included."""
    weights, moving = first_values(dtype), {}
    optimizer = torch.optim.SGD(weights.values(), LR, MOMENTUM)
    losses, correct = [], []
    for step in range(STEPS):
        pixels, labels = trace_batch(step)
        x = torch.from_numpy((pixels / 255).astype("float32")).to(dtype)[..., None]
        target = torch.from_numpy(labels)
        logits = forward(x, weights, moving)
        loss = F.cross_entropy(logits, target)
        loss = loss + L2 * sum(w.pow(2).sum() for name, w in weights.items() if name.endswith("/kernel"))
        losses.append(loss.item())
        correct.append(int((logits.argmax(1) == target).sum()))
        optimizer.zero_grad()
        loss.backward()
        if run:
            for number, w in enumerate(weights.values()):
                w.grad = disturbed(w.grad, number, step, run)
        optimizer.step()
    return losses, correct, {**{name: w.detach() for name, w in weights.items()}, **moving}


def main():
    loss64, correct64, end64 = train(torch.float64)
    runs = [train(torch.float32, run) for run in range(1 + DISTURBED_RUNS)]
    trained = {name: {"limit": limit, "centre": centre} for name, _, limit, centre in layout()}
    parameters = []
    for name, end in end64.items():
        flat = end.flatten()
        index = [k * (len(flat) - 1) // 5 for k in range(6)]
        parameters.append({"name": name, "shape": list(end.shape), **trained.get(name, {}), "isTrained": name in trained,
                           "final": {"sum": digits(flat.sum().item(), 10), "l2": digits(flat.norm().item(), 10),
                                     "samples": [[i, digits(flat[i].item(), 10)] for i in index]}})
    names = list(end64)
    ends = lambda run: [run[2][name] for name in names]
    write("norm_trace.json", {
        "settings": {"seed": SEED, "batch": BATCH, "steps": STEPS, "learningRate": LR, "momentum": MOMENTUM, "l2": L2,
                     "epsilon": EPS, "kept": KEPT},
        "check": {"pixelSums": [int(trace_batch(s)[0].sum()) for s in range(STEPS)]},
        "f64": {"loss": digits(loss64, 10), "correct": correct64},
        "parameters": parameters,
        "rounding": {"loss": worst([r[0] for r in runs], loss64, lambda a, b: abs(a - b)),
                     "final": worst([ends(r) for r in runs], ends((0, 0, end64)), relative),
                     "finalSum": worst([ends(r) for r in runs], ends((0, 0, end64)),
                                       lambda a, b: abs(a.double().sum() - b.sum()).item()),
                     "sameCorrect": all(r[1] == correct64 for r in runs)},
    })


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
