"""Epochs as Keras's own callbacks decide them, into callback_values.json.

    KERAS_BACKEND=jax python3 test/traces/make_callback_values.py

Each case gives a callback's options, the metric of every epoch, and what Keras did. Metrics lie on a grid of quarters, so
that values meet each other and the edges of min_delta exactly. Written with Keras 3.15.1.
"""

import contextlib
import io
import json
import math
import pathlib
import random
import tempfile
import warnings

import keras

random.seed(3)
NAN = math.nan


class Optimizer:
    learning_rate = 1.0


class Model:
    """What the callbacks ask of a model; its weights are the number of the epoch."""

    def __init__(self):
        self.optimizer = Optimizer()
        self.stop_training = False
        self.weights = 0
        self.saved = []

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path, overwrite):
        self.saved.append(path)


def play(callback, values, monitor):
    model = Model()
    callback.set_model(model)
    rates = []
    said = io.StringIO()
    with contextlib.redirect_stdout(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callback.on_train_begin()
        for epoch, value in enumerate(values):
            callback.on_epoch_begin(epoch)
            rates.append(model.optimizer.learning_rate)
            model.weights = epoch + 1
            callback.on_epoch_end(epoch, {} if value == "missing" else {monitor: value})
            if model.stop_training:
                break
        callback.on_train_end()
    messages = [line for line in said.getvalue().split("\n") if line and "finished saving" not in line]
    return model, rates, messages


def metric(epoch):
    if epoch != 2 and random.random() < 0.05:
        return "missing"
    # This version takes a NaN that comes first for the best value; earlier ones never do, and neither do we.
    if epoch > 2 and random.random() < 0.1:
        return NAN
    return random.randint(0, 8) / 4


def series():
    return [metric(epoch) for epoch in range(random.randint(3, 12))]


def some(**choices):
    """Each option with a probability of a half, one of its values."""
    return {name: random.choice(values) for name, values in choices.items() if random.random() < 0.5}


def early_stopping():
    monitor = random.choice(["val_loss", "loss"])
    options = some(
        min_delta=[0.25, -0.25, 0.5],
        patience=[1, 2, 3],
        mode=["min", "max", "auto"],
        baseline=[0.5, 1.0, 1.5],
        restore_best_weights=[True],
        start_from_epoch=[1, 2],
    )
    values = series()
    model, rates, messages = play(
        keras.callbacks.EarlyStopping(monitor=monitor, verbose=1, **options), values, monitor
    )
    return dict(monitor=monitor, options=options, values=values, epochs=len(rates), weights=model.weights, messages=messages)


def reduce_lr():
    monitor = random.choice(["val_loss", "loss"])
    options = some(
        factor=[0.5, 0.25, 0.2],
        patience=[0, 1, 2],
        mode=["min", "max", "auto"],
        min_delta=[0.25, 0.0, 0.5, -0.25],
        cooldown=[1, 2],
        min_lr=[0.3, 0.01],
    )
    options.setdefault("patience", 3)
    values = series()
    _, rates, messages = play(
        keras.callbacks.ReduceLROnPlateau(monitor=monitor, verbose=1, **options), values, monitor
    )
    return dict(monitor=monitor, options=options, values=values, rates=rates, messages=messages)


def model_checkpoint():
    monitor = "val_loss"
    options = some(save_best_only=[True, False], mode=["min", "max", "auto"], initial_value_threshold=[0.5, 1.0])
    if random.random() < 0.5:
        options["save_best_only"] = True
    values = series()
    name = random.choice(["{epoch:02d}", "best", "at-{epoch}"])
    if "missing" not in values and random.random() < 0.5:
        name = random.choice(["{epoch:02d}-{val_loss:.2f}", "{val_loss:.0f}", "{val_loss}"])
    model, _, messages = play(
        keras.callbacks.ModelCheckpoint(name + ".keras", monitor=monitor, verbose=1, **options), values, monitor
    )
    saved = [path.removesuffix(".keras") for path in model.saved]
    return dict(name=name, options=options, values=values, saved=saved, messages=messages)


def csv_logger(file):
    rows = [
        {"loss": 0.5, "accuracy": 0.25, "val_loss": 1e-05, "learning_rate": 0.0010000000474974513},
        {"loss": NAN, "accuracy": 1.0, "learning_rate": 1e-04},
        {"loss": -math.inf, "accuracy": 1 / 3, "val_loss": 1e16, "learning_rate": 0.0},
    ]
    texts = []
    for append, separator in [(False, ","), (True, ","), (False, ";")]:
        callback = keras.callbacks.CSVLogger(file, separator=separator, append=append)
        model = Model()
        model.metrics_names = ["loss", "accuracy"]
        callback.set_model(model)
        callback.on_train_begin()
        for epoch, logs in enumerate(rows):
            callback.on_epoch_end(epoch, dict(logs))
        callback.on_train_end()
        texts.append(file.read_bytes().decode())
    return dict(rows=rows, texts=texts)


def plain(value):
    """JSON knows no NaN and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


with tempfile.TemporaryDirectory() as folder:
    csv = csv_logger(pathlib.Path(folder) / "log.csv")
cases = plain(
    {
        "earlyStopping": [early_stopping() for _ in range(80)],
        "reduceLrOnPlateau": [reduce_lr() for _ in range(80)],
        "modelCheckpoint": [model_checkpoint() for _ in range(50)],
        "csvLogger": csv,
    }
)
lines = []
for name, of in cases.items():
    rows = ",\n".join(json.dumps(one) for one in of) if isinstance(of, list) else json.dumps(of)
    lines.append(f'"{name}": ' + (f"[\n{rows}\n]" if isinstance(of, list) else rows))
path = pathlib.Path(__file__).with_name("callback_values.json")
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
print(f"{path}: Keras {keras.__version__}")
