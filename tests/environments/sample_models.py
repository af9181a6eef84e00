"""Release files of an untrained student, and phantom photos, to compare runtimes with."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convert.making.familiarity import fit, head_layers, seen_by_file, with_familiarity
from convert.making.representative import Representative
from convert.making.source import Source, make_flatbuffer
from convert.making.spot import map_layer, with_spot
from convert.packing.card import LICENCE, NOT_MEASURED
from convert.packing.metadata import with_metadata
from convert.variants import VARIANTS
from skin_data.outliers import outliers_to_fit
from skin_training.color_calibration import ccm_of
from skin_training.familiarity import WITH_HEAD
from skin_training.spot import Block, SpotHead
from triage.atomic import write_bytes
from triage.crop import CROP
from triage.model_card import CARD_FORMAT
from triage.model_file import pack_model


def phantom_pixels(count: int, size: int, seed: int = 0) -> np.ndarray:
    """Render skin phantoms of all classes and tones: uint8 [count, size, size, 3]."""
    from skin_data.phantom import render_phantom

    return np.stack([render_phantom(seed, index, size)[0] for index in range(count)])


def write_samples(
    student: Any,
    photos: np.ndarray,
    names: Iterable[str],
    folder: Path,
    change: Callable[[bytes], bytes] = bytes,
    classes: Sequence[dict[str, str]] | None = None,
    prefix: str = "",
) -> dict[str, Path]:
    """Convert a student into release files as `skin-distill convert` does, with a card that makes no claims.

    Args:
        student: a Keras student.
        photos: uint8 [n, size, size, 3], the representative data set.
        names: of variants that need no training.
        folder: where `PREFIXNAME.tflite` is written.
        change: applied to each flatbuffer before it is packed.
        classes: `id`, `name` and `urgency` of each; None makes placeholders.
        prefix: of the file names.

    Returns:
        Path by variant.
    """
    variants = {name: VARIANTS[name] for name in names}
    if classes is None:
        count = student.output_shape[0][-1]
        classes = [{"id": f"class{n}", "name": f"Class {n}", "urgency": "watch"} for n in range(count)]
    source, paths = Source(student, lambda: Representative(photos)), {}
    for name, variant in variants.items():
        card = _card(student, name, variant.input_dtype, classes)
        paths[name] = folder / f"{prefix}{name}.tflite"
        flatbuffer = make_flatbuffer(variant, source)
        see = seen_by_file(flatbuffer, head_layers(student))
        seen = see(photos)
        fitted = fit(seen, np.arange(len(photos)) % 3, seen, see(outliers_to_fit(photos, 20, 2)))
        flatbuffer = with_familiarity(flatbuffer, fitted)
        if layer := map_layer(student):
            card["spot"] = {"method": "random", "fitted_on": {}, "val": {}}
            flatbuffer = with_spot(flatbuffer, random_head(student.get_layer(layer).output_shape[-1]), layer)
        flatbuffer = with_metadata(flatbuffer, card)
        write_bytes(paths[name], pack_model(change(flatbuffer), card))
    return paths


def random_head(channels: int, width: int = 24) -> SpotHead:
    """Return a head of random weights that gives boxes within the picture, for a map of so many channels."""
    generator = np.random.default_rng(0)

    def weights(*shape: int, spread: float = 0.3) -> np.ndarray:
        return generator.normal(0, spread, shape).astype(np.float32)

    blocks = tuple(
        Block(weights(5, 5, width, spread=0.05), weights(width), weights(width, width), weights(width))
        for _ in range(2)
    )
    entry, heat = weights(channels, width), weights(width, 5)
    context = weights(channels, width)
    return SpotHead(entry, weights(width), context, blocks, heat, weights(width, 5) / 30, weights(5) / 10)


def _card(student: Any, name: str, dtype: str, classes: Sequence[dict[str, str]]) -> dict[str, Any]:
    matrix, bias = ccm_of(student)
    return {
        "format": CARD_FORMAT,
        "name": f"untrained-{name}",
        "variant": name,
        "classes": list(classes),
        "input": {"size": student.input_shape[1], "crop": CROP.shape, "crop_fraction": CROP.fraction, "dtype": dtype},
        "color_calibration": {"matrix": matrix.tolist(), "bias": bias.tolist()},
        "temperature": 1.0,
        "familiarity": {"method": WITH_HEAD, "refuse_below": 0.0, "fitted_on": {}},
        "thresholds": {"urgent": 0.5, "abstain_below": 0.0, "well_lit": 0.5},
        "synthetic": True,
        "data": {"dataset": "none: untrained"},
        "lineage": {},
        "per_tone": {},
        "not_measured": list(NOT_MEASURED),
        "licence": LICENCE,
    }
