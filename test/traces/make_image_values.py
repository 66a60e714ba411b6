"""Filtered, transformed and recoloured images, computed by SciPy and PyTorch and independent of this engine.

Run:    python3 make_image_values.py       (Debian: apt install python3-scipy python3-torch; 1.10 and 1.13, seconds)
Writes: image_values.json beside this file; the same bytes on every run.

  filters  scipy.ndimage.correlate, mode constant (zeros), applied `iterations` times
  affine   scipy.ndimage.affine_transform, order 1, in each of the four modes, with Keras's matrix: rotation (degrees)
           times shift (pixels: down, across) times zoom (down, across) about (height/2 - 0.5, width/2 - 0.5), output to
           input, rows first; the flips turn the result
  colour   torch: contrast blends with the image's mean, brightness with black, clamped to 0 ... 1

Pixels are multiples of 1/256, which an f32 holds. Constant fill and wrapping jump at the edge of the image: the script
refuses transforms that put a pixel nearer to such a jump than 1e-4, where rounding would decide.
"""
import json
import pathlib

import numpy as np
import torch
from scipy import ndimage

rng = np.random.default_rng(2022)
MODES = ["nearest", "constant", "reflect", "wrap"]
FILL = 0.375


def image(*shape):
    return rng.integers(0, 257, shape) / 256


def rounded(values):
    return [round(float(v), 7) for v in np.ravel(values)]


def filters():
    blur = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
    sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], float)
    uneven = rng.integers(-8, 9, (3, 3)) / 4
    wide = rng.integers(-8, 9, (5, 5)) / 8
    x = image(6, 9, 2)
    for name, kernel, iterations in [
        ("blur", blur, 1), ("blur", blur, 5), ("sharpen", sharpen, 1), ("sharpen", sharpen, 2),
        ("uneven", uneven, 1), ("wide", wide, 1), ("wide", wide, 2),
    ]:  # fmt: skip
        y = x
        for _ in range(iterations):
            y = ndimage.correlate(y, kernel[:, :, None], mode="constant", cval=0)
        yield {"name": name, "kernel": rounded(kernel), "iterations": iterations, "y": rounded(y)} | (
            {"x": rounded(x), "shape": x.shape}
        )


# degrees, shift down and across in pixels, zoom down and across, upside down, mirrored
TRANSFORMS = [
    (0, 0, 0, 1, 1, 0, 0),
    (0, 0, 0, 1, 1, 1, 0),
    (0, 0, 0, 1, 1, 0, 1),
    (10, 0.83, -0.55, 1.1, 0.93, 0, 0),
    (-37, 0.31, 1.22, 0.91, 1.04, 1, 0),
    (89.3, -1.1, 0.47, 1, 1, 0, 1),
    (177, 0.2, 0.1, 1, 1, 0, 0),
    (-151, 0.4, -0.7, 1.2, 1.2, 1, 1),
    (0, 2.6, -3.3, 1, 1, 0, 0),
    (0, 9.37, -14.6, 1, 1, 0, 0),
    (0, -21.1, 30.4, 1, 1, 0, 1),
    (0, 0, 0, 0.31, 2.9, 0, 0),
    (0, 0, 0, 2.9, 0.31, 1, 0),
    (123, 1.7, 2.3, 3, 0.3, 0, 0),
    (45, 17.3, 25.9, 0.3, 3, 0, 1),
]


def matrix(height, width, degrees, down, across, zoom_down, zoom_across):
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    shift = np.array([[1, 0, down], [0, 1, across], [0, 0, 1]])
    zoom = np.diag([zoom_down, zoom_across, 1])
    centre = np.array([[1, 0, height / 2 - 0.5], [0, 1, width / 2 - 0.5], [0, 0, 1]])
    return centre @ rotation @ shift @ zoom @ np.linalg.inv(centre)


def nearest_jump(m, height, width):
    """The smallest distance of a pixel's place from a multiple of the last pixel's."""
    rows, columns = np.mgrid[:height, :width]
    places = np.tensordot(m[:2, :2], np.stack([rows, columns]), 1) + m[:2, 2, None, None]
    ends = np.array([height - 1, width - 1])[:, None, None]
    return np.abs(places - np.round(places / ends) * ends).min()


def affine():
    for shape in [(7, 9, 1), (5, 4, 3)]:
        x = image(*shape)
        for transform in TRANSFORMS:
            *parameters, upside_down, mirrored = transform
            m = matrix(*shape[:2], *parameters)
            identity = parameters == [0, 0, 0, 1, 1]
            assert identity or nearest_jump(m, *shape[:2]) > 1e-4, (shape, transform)
            for mode in MODES:
                planes = [
                    ndimage.affine_transform(x[..., c], m[:2, :2], m[:2, 2], order=1, mode=mode, cval=FILL)
                    for c in range(shape[2])
                ]
                y = np.stack(planes, -1)
                y = y[::-1] if upside_down else y
                y = y[:, ::-1] if mirrored else y
                yield {"transform": transform, "mode": mode, "shape": shape, "x": rounded(x), "y": rounded(y)}


def colour():
    x = torch.from_numpy(image(4, 5, 3))
    for brightness, contrast in [(1, 1), (0.5, 1), (1.5, 1), (1, 0), (1, 0.4), (1, 1.9), (1.3, 0.7), (0, 1)]:
        mean = x.mean()
        contrasted = contrast * x + (1 - contrast) * mean
        y = (brightness * contrasted).clamp(0, 1)
        yield {"brightness": brightness, "contrast": contrast, "shape": list(x.shape), "x": rounded(x), "y": rounded(y)}


values = {"fill": FILL, "filters": list(filters()), "affine": list(affine()), "colour": list(colour())}
# The image of neighbouring entries is the same one: kept once.
images = []
for entry in values["filters"] + values["affine"] + values["colour"]:
    x = {"shape": list(entry.pop("shape")), "values": entry.pop("x")}
    if x not in images:
        images.append(x)
    entry["x"] = images.index(x)
values["images"] = images
path = pathlib.Path(__file__).with_name("image_values.json")
lines = [f'"{key}": ' + (json.dumps(v) if key == "fill" else "[\n" + ",\n".join(json.dumps(e) for e in v) + "\n]") for key, v in values.items()]
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
