"""Parity of the colour calibration (CCM) in a file with that of the Keras model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from convert.flatbuffer import Flatbuffer, ccm_chain
from skin_data.color_patches import COLOR_CHECKER, MONK_SKIN_TONES
from triage.errors import CheckFailed
from triage.interpreter import open_interpreter

# A just noticeable difference is about 1; these are the project's limits for an invisible change.
MEAN_LIMIT, LARGEST_LIMIT = 0.5, 1.5
SKIN = "skin of the data set"


class Patch(NamedTuple):
    """A colour before and after calibration; sRGB [3] in [0, 1].

    Attributes:
        group: where the colour comes from.
        photo: before calibration.
        of_keras: calibrated by the Keras model.
        of_file: calibrated by the file.
        delta_e: CIEDE2000 between the two.
    """

    group: str
    photo: np.ndarray
    of_keras: np.ndarray
    of_file: np.ndarray
    delta_e: float


@dataclass(frozen=True)
class CcmParity:
    """The file's colour calibration against that of the Keras model.

    Attributes:
        operator: the operator that holds it.
        matrix: M read back from the file, 3x3.
        bias: b read back from the file.
        matrix_error: largest absolute difference of a coefficient of M.
        bias_error: largest absolute difference of a coefficient of b.
        delta_e_mean: mean CIEDE2000 between the two calibrations over the patches.
        delta_e_max: largest CIEDE2000.
        groups: `mean`, `largest` and `n` of each group of patches.
        skin: by tone bucket the colour (sRGB, 8 bit) and its `delta_e`.
        passed: whether mean and largest difference are within the limits.
        patches: each patch, before and after calibration.
    """

    operator: str
    matrix: list[list[float]]
    bias: list[float]
    matrix_error: float
    bias_error: float
    delta_e_mean: float
    delta_e_max: float
    groups: dict[str, dict[str, float]]
    skin: dict[str, dict[str, Any]]
    passed: bool
    patches: list[Patch] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for the report, with the number of patches in place of the patches."""
        return {**asdict(self), "patches": len(self.patches)}


def check_ccm(
    flatbuffer: bytes,
    matrix: np.ndarray,
    bias: np.ndarray,
    mean_limit: float = MEAN_LIMIT,
    largest_limit: float = LARGEST_LIMIT,
    skin: Mapping[str, np.ndarray] | None = None,
) -> CcmParity:
    """Read the calibration back from a file, run it, and compare it with the Keras model's.

    The file's own operators calibrate the 24 ColorChecker patches, the 10 Monk skin tones and the skin colours of the
    data set, including the clip; colour differences are CIEDE2000 (Sharma et al. 2005).

    Args:
        flatbuffer: the model.
        matrix: M, float [3, 3].
        bias: b, float [3].
        mean_limit: of the mean colour difference.
        largest_limit: of the largest colour difference.
        skin: colours by tone bucket, uint8 [3], of `convert.verifying.skin_patches.skin_colors`.

    Raises:
        CheckFailed: the file has no colour calibration, or not a constant one.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    parsed, skin = Flatbuffer(flatbuffer), skin or {}
    chain = ccm_chain(parsed)
    operator = chain[0]
    weights, offsets = parsed.constant(operator.inputs[1]), parsed.constant(operator.inputs[2])
    if weights is None or offsets is None:
        raise CheckFailed(
            "The colour calibration cannot be read back. Received: weights that are computed, not constant. Convert "
            "the student with `skin-distill convert`."
        )
    found = weights[:, 0, 0, :].T
    sources: dict[str, Sequence[np.ndarray]] = {
        "ColorChecker": list(COLOR_CHECKER),
        "Monk skin tones": list(MONK_SKIN_TONES),
        SKIN: list(skin.values()),
    }
    colors = np.array([color for group in sources.values() for color in group], np.uint8)
    names = [name for name, group in sources.items() for _ in group]
    of_file = _calibrate(flatbuffer, _calibrated_tensor(parsed, chain[-1].outputs[0]), colors)
    of_keras = np.clip(colors / 255.0 @ matrix + bias, 0, 1)
    difference = np.asarray(deltaE_ciede2000(rgb2lab(of_file), rgb2lab(of_keras)))  # type: ignore[no-untyped-call]
    mean, largest = float(difference.mean()), float(difference.max())
    of_group = {name: difference[[n == name for n in names]] for name in dict.fromkeys(names)}
    return CcmParity(
        operator=operator.name,
        matrix=np.round(found, 6).tolist(),
        bias=np.round(offsets, 6).tolist(),
        matrix_error=float(np.abs(found - matrix).max()),
        bias_error=float(np.abs(offsets - bias).max()),
        delta_e_mean=mean,
        delta_e_max=largest,
        groups={n: {"mean": float(d.mean()), "largest": float(d.max()), "n": len(d)} for n, d in of_group.items()},
        skin={
            bucket: {"srgb": np.asarray(color).tolist(), "delta_e": float(delta_e)}
            for (bucket, color), delta_e in zip(skin.items(), of_group.get(SKIN, ()), strict=True)
        },
        passed=mean <= mean_limit and largest <= largest_limit,
        patches=[
            Patch(name, photo, keras, file, float(delta_e))
            for name, photo, keras, file, delta_e in zip(
                names, colors / 255.0, of_keras, of_file, difference, strict=True
            )
        ],
    )


def _calibrated_tensor(parsed: Flatbuffer, clipped: int) -> int:
    """Return the tensor that the rest of the model reads: after the clip, and after the QUANTIZE that may follow."""
    consumers = parsed.consumers(clipped)
    return consumers[0].outputs[0] if [o.name for o in consumers] == ["QUANTIZE"] else clipped


def _calibrate(flatbuffer: bytes, tensor: int, patches: np.ndarray) -> np.ndarray:
    # With the delegate, intermediate tensors cannot be read.
    interpreter = open_interpreter(flatbuffer, preserve_all_tensors=True, use_delegate=False)
    size = interpreter.input_size
    picture = np.zeros((size * size, 3), np.uint8)
    picture[: len(patches)] = patches
    interpreter.run(picture.reshape(size, size, 3))
    values = interpreter.raw.get_tensor(tensor)
    details = next(d for d in interpreter.raw.get_tensor_details() if d["index"] == tensor)
    scale, zero_point = details["quantization"]
    real = (values.astype(np.float64) - zero_point) * scale if scale else values.astype(np.float64)
    return np.asarray(real.reshape(-1, 3)[: len(patches)])
