"""Where a student loses predictions in 8 bit: each layer quantized alone, and each alone left in float.

    python -m benchmarks.quantization_loss STUDENT.keras --data META.csv [--photos N] [--plain] [--json FILE]

Ranges come from training photos, metrics from validation photos, half of N each. A layer is a tensor that the file
stores with the kernel that computes it. The divergence of the predictions from the float student's (KL, in nats) shows
small losses that agreement misses. "Signal" is the variance of a layer's output over that of its error, in dB: with all
layers quantized, and with this one alone. The three layers that matter most are named with a reason. `--plain` leaves
channels and biases as they were trained.
"""

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script
from convert.making.activation_ranges import DEAD, Ranges, choose_ranges, tensors_of_layers
from convert.making.converter import to_tflite
from convert.making.equalization import ScaledGate
from convert.making.fast_path import ShiftedRelu6, on_fast_path
from convert.making.representative import Representative, choose_representative
from convert.making.simulation import SimulatedFile
from convert.making.source import Source
from distill.model_file import load_model
from skin_data.manifest import read_manifest
from skin_data.pixels import load_pixels
from skin_data.statistics import accuracy, balanced_accuracy
from skin_training.evaluation.evaluate import true_classes
from triage.atomic import write_json
from triage.errors import UnusableInput

UNEVEN = 8.0
"""A map whose largest channel spans so many times its median channel has outlier channels."""
CLIPPED = 1e-3
"""A tensor loses its range if more of its values are clipped."""


@dataclass(frozen=True)
class LayerLoss:
    """What one layer costs.

    Attributes:
        layer: its name.
        kl_alone: divergence with this layer alone quantized, nats.
        kl_without: with every layer but this one quantized.
        agreement_alone: fraction of photos with the float student's first diagnosis, this layer alone quantized.
        agreement_without: with every layer but this one quantized.
        balanced_alone: balanced accuracy with this layer alone quantized.
        balanced_without: with every layer but this one quantized.
        signal: of the output with all layers quantized, dB.
        signal_alone: with this layer alone quantized, dB.
        reason: what its output or kernel looks like: range, outlier channels, dead channels, gate or kernel.
    """

    layer: str
    kl_alone: float
    kl_without: float
    agreement_alone: float
    agreement_without: float
    balanced_alone: float
    balanced_without: float
    signal: float
    signal_alone: float
    reason: str


def layer_losses(
    student: Any, ranges: Ranges, pixels: np.ndarray, truth: np.ndarray
) -> tuple[dict[str, float], list[LayerLoss]]:
    """Quantize each layer alone, and all but each.

    Args:
        student: the Keras student as its file is made from it.
        ranges: of its activations.
        pixels: uint8 [n, size, size, 3].
        truth: int [n].

    Returns:
        `kl`, `agreement` and `balanced_accuracy` with all layers quantized, and the layers in order of execution.
    """
    simulated = SimulatedFile(student, ranges)
    everything = set(simulated.units)
    expected, in_float = simulated.run(pixels)

    def measured(names: set[str]) -> tuple[tuple[float, float, float], dict[str, np.ndarray]]:
        simulated.quantize(names)
        found, stored = simulated.run(pixels)
        return _compared(expected, found, truth), stored

    whole, together = measured(everything)
    tensors = tensors_of_layers(ranges, student.name, [layer.name for layer in student.layers])
    losses = []
    for name in simulated.units:
        alone, stored = measured({name})
        without, _ = measured(everything - {name})
        losses.append(
            LayerLoss(
                name, alone[0], without[0], alone[1], without[1], alone[2], without[2],
                _signal(in_float[name], together[name]), _signal(in_float[name], stored[name]),
                _reason(student.get_layer(name), in_float[name], ranges[tensors[name]]),
            )
        )  # fmt: skip
    return dict(zip(("kl", "agreement", "balanced_accuracy"), whole, strict=True)), losses


def _compared(expected: np.ndarray, found: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    divergence = (expected * np.log((expected + 1e-9) / (found + 1e-9))).sum(axis=1).mean()
    top = found.argmax(axis=1)
    balanced = balanced_accuracy(truth, top, found.shape[1])
    return float(divergence), accuracy(expected.argmax(axis=1), top), balanced


def _signal(values: np.ndarray, changed: np.ndarray) -> float:
    variance, error = float(values.var()), float(np.square(values - changed).mean())
    return 10 * float(np.log10(max(variance, 1e-12) / max(error, 1e-12)))


def _reason(layer: Any, values: np.ndarray, bounds: tuple[float, float]) -> str:
    """Say what is striking about a layer's output, float [n, ..., channels]."""
    flat = values.reshape(-1, values.shape[-1])
    spans = flat.max(axis=0) - flat.min(axis=0)
    dead = int((spans < DEAD).sum())
    uneven = float(spans.max() / max(np.median(spans), DEAD))
    clipped = float(((flat < bounds[0]) | (flat > bounds[1])).mean())
    if isinstance(layer, ShiftedRelu6 | ScaledGate) or layer.name.endswith("hard_sigmoid"):
        return "gate: its values share the range from 0 to 6"
    if uneven >= UNEVEN:
        return f"outlier channels: the widest spans {uneven:.0f} times the median"
    if 2 * dead >= len(spans):
        return f"dead channels: {dead} of {len(spans)}"
    if clipped > CLIPPED:
        return f"range: {clipped:.1%} of the values are clipped"
    return f"kernel or next layers: range, channels (widest {uneven:.1f} times the median) and gates are even"


def measure(path: Path, data: Path, photos: int, plain: bool) -> dict[str, Any]:
    """Measure the layers of a student's `int8` file on a data set; return the report."""
    student, manifest = load_model(path), read_manifest(data)
    frames = {split: manifest.split(split) for split in ("train", "val")}
    chosen = {name: frame.iloc[choose_representative(frame, photos // 2, seed=0)] for name, frame in frames.items()}
    if any(frame.empty for frame in chosen.values()):
        raise UnusableInput(f"Training and validation photos are needed. Received: {data}, {photos} photos.")
    pixels = {name: load_pixels(manifest, frame, student.input_shape[1]) for name, frame in chosen.items()}
    source = Source(student, lambda: Representative(pixels["train"]))
    prepared = on_fast_path(student) if plain else source.corrected_student
    ranges = choose_ranges(to_tflite(prepared), pixels["train"])
    truth = true_classes(chosen["val"], manifest.taxonomy.ids)
    whole, losses = layer_losses(prepared, ranges, pixels["val"][truth >= 0], truth[truth >= 0])
    return {"photos": int((truth >= 0).sum()), **whole, "layers": [asdict(loss) for loss in losses]}


def worst(layers: list[Mapping[str, Any]], count: int = 3) -> list[Mapping[str, Any]]:
    """Return the layers whose quantization alone changes predictions most."""
    return sorted(layers, key=lambda layer: -layer["kl_alone"])[:count]


def main() -> None:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("student", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=128)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = measure(options.student, options.data, options.photos, options.plain)
    columns = ("kl_alone", "kl_without", "agreement_alone", "agreement_without", "balanced_alone", "balanced_without")
    print(f"{'layer':44}" + "".join(f"{name:>18}" for name in (*columns, "signal", "signal_alone")))
    for layer in report["layers"]:
        print(
            f"{layer['layer']:44}"
            + "".join(f"{layer[name]:18.4f}" for name in columns)
            + f"{layer['signal']:18.1f}{layer['signal_alone']:18.1f}"
        )
    print(
        f"all: KL {report['kl']:.4f}, agreement {report['agreement']:.3f}, balanced {report['balanced_accuracy']:.3f}"
    )
    for layer in worst(report["layers"]):
        print(f"{layer['layer']}: KL {layer['kl_alone']:.4f} alone. {layer['reason']}")
    if options.json:
        write_json(options.json, report)


if __name__ == "__main__":
    run_script(main)
