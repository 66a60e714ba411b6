"""PyTorch, eager, f32: on CUDA where there is a card, else on all cores. Speaks the protocol of runner.mjs.

Kernels come as HWIO and [in,out], images with channels last: both are turned into PyTorch's order once.
"""

import json
import os
import struct
import sys
import time

try:
    import torch
except ImportError:
    print(json.dumps({"missing": "torch"}), flush=True)
    sys.exit(0)

import torch.nn.functional as F
from torch import nn

DROPOUT = (0.25, 0.25, 0.5)


class Paper(nn.Module):
    """The paper model; `rates` of dropout, None for inference. Gives logits."""

    def __init__(self):
        super().__init__()
        self.conv2d = nn.Conv2d(1, 32, 5, padding=2)
        self.conv2d_1 = nn.Conv2d(32, 32, 5, padding=2)
        self.conv2d_2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv2d_3 = nn.Conv2d(64, 64, 3, padding=1)
        self.dense = nn.Linear(3136, 256)
        self.dense_1 = nn.Linear(256, 10)

    def forward(self, x, rates):
        def drop(value, rate):
            return F.dropout(value, rate) if rate > 0 else value

        x = F.relu(self.conv2d_1(F.relu(self.conv2d(x))))
        x = drop(F.max_pool2d(x, 2), rates[0])
        x = F.relu(self.conv2d_3(F.relu(self.conv2d_2(x))))
        x = drop(F.max_pool2d(x, 2), rates[1])
        x = drop(F.relu(self.dense(x.flatten(1))), rates[2])
        return self.dense_1(x)


def read_fixture(path):
    """Tensors by name, as stored (safetensors)."""
    dtypes = {"F32": torch.float32, "U8": torch.uint8, "I32": torch.int32}
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack_from("<Q", data, 0)
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = torch.frombuffer(data[begin:end], dtype=dtypes[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def load_weights(model, tensors):
    """Kernels HWIO to OIHW, dense kernels [in,out] to [out,in], with the flattened pixels' channels first."""
    with torch.no_grad():
        for name, layer in model.named_children():
            kernel = tensors[name + "/kernel"]
            if kernel.dim() == 4:
                kernel = kernel.permute(3, 2, 0, 1)
            else:
                if name == "dense":
                    kernel = kernel.reshape(7, 7, 64, 256).permute(2, 0, 1, 3).reshape(3136, 256)
                kernel = kernel.t()
            layer.weight.copy_(kernel)
            layer.bias.copy_(tensors[name + "/bias"])


class System:
    def __init__(self):
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cuda":
            # No TF32, for comparability.
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
            torch.backends.cudnn.benchmark = True
        else:
            torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
        torch.manual_seed(0)
        self.done = 0

    def finish(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def step(self, rates):
        """One step on the next batch; returns the loss, on the device."""
        x, y = self.batches[self.done % len(self.batches)]
        self.done += 1
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.model(x, rates), y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def prepare(self, request):
        tensors = read_fixture(request["fixture"])
        size = request["batchSize"]
        self.model = Paper()
        load_weights(self.model, tensors)
        self.model.to(self.device)
        images = (tensors["images"].float() / 255).permute(0, 3, 1, 2).contiguous().to(self.device)
        labels = tensors["labels"].long().to(self.device)
        self.batches = list(zip(images.split(size), labels.split(size)))
        self.optimizer = torch.optim.RMSprop(self.model.parameters(), lr=1e-3, alpha=0.9, eps=1e-8)
        x, y = self.batches[0]
        with torch.no_grad():
            infer_loss = F.cross_entropy(self.model(x, (0, 0, 0)).double(), y).item()
        begun = time.perf_counter()
        losses = [self.step((0, 0, 0)).item()]
        first = time.perf_counter() - begun
        while len(losses) < request["checkSteps"]:
            losses.append(self.step((0, 0, 0)).item())
        where = (
            "CUDA, " + torch.cuda.get_device_name()
            if self.device.type == "cuda"
            else "CPU, {} threads".format(torch.get_num_threads())
        )
        return {
            "version": torch.__version__,
            "backend": where,
            "inferLoss": infer_loss,
            "trainLosses": losses,
            "epsilon": "outside",
            "firstStepSeconds": first,
            "notes": [],
        }

    def train(self, request):
        return self.timed(lambda: [self.step(DROPOUT) for _ in range(request["steps"])])

    def infer(self, request):
        with torch.no_grad():
            return self.timed(
                lambda: [
                    self.model(self.batches[i % len(self.batches)][0], (0, 0, 0)) for i in range(request["batches"])
                ]
            )

    def timed(self, work):
        self.finish()
        begun = time.perf_counter()
        work()
        self.finish()
        return {"ms": (time.perf_counter() - begun) * 1000}


def main():
    system = System()
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "quit":
            break
        try:
            answer = getattr(system, request["do"])(request)
        except Exception as error:  # the harness decides what to do about it
            answer = {"error": "{}: {}".format(type(error).__name__, error)}
        print(json.dumps(answer), flush=True)


main()
