"""What a converted file must keep of its float student."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Gates:
    """Thresholds, with the project's defaults.

    The share of 0.98 is MLPerf Mobile's for quantized image classification (Reddi et al. 2020). The other limits are
    the project's: each is less than half as wide as the 95 % interval of its figure on a thousand photos.

    Attributes:
        accuracy: of the diagnosis, at least this share of the float student's.
        balanced_accuracy: of the diagnosis, likewise.
        agreement: share of photos with the same top diagnosis.
        ece_rise: largest rise of the diagnosis's expected calibration error, as a share of 1.
        lighting_accuracy: at least this share of the float student's.
        lighting_balanced_accuracy: likewise.
        lighting_agreement: share of photos with the same answer to whether they are well lit.
        lighting_auc_loss: largest fall of the area under the lighting head's ROC curve.
        largest_change: of any diagnosis's probability in any photo; none unless a recipe sets it, because a single
            photo between two classes decides it.
        tone_loss: largest fall of a tone bucket's accuracy, as a share of 1.
        class_loss: largest fall of a class's recall, as a share of 1.
        ccm_mean: largest mean CIEDE2000 of the colour calibration.
        ccm_mean_of_best: the same for the file that `convert --best` chooses.
        ccm_max: largest CIEDE2000 of any patch.
    """

    accuracy: float = 0.98
    balanced_accuracy: float = 0.98
    agreement: float = 0.97
    ece_rise: float = 0.02
    lighting_accuracy: float = 0.98
    lighting_balanced_accuracy: float = 0.98
    lighting_agreement: float = 0.97
    lighting_auc_loss: float = 0.01
    largest_change: float | None = None
    tone_loss: float = 0.02
    class_loss: float = 0.05
    ccm_mean: float = 0.5
    ccm_mean_of_best: float = 0.3
    ccm_max: float = 1.5


PASSED, FAILED, CANNOT_TELL = "passed", "failed", "cannot tell"


@dataclass(frozen=True)
class Verdict:
    """One gate's outcome.

    Attributes:
        gate: its name.
        measured: in words.
        limit: in words.
        outcome: passed, failed or cannot tell.
        beyond: whether what was measured lies beyond the limit, even where the photos are too few to tell.
    """

    gate: str
    measured: str
    limit: str
    outcome: str
    beyond: bool = False


def verdicts_on(comparison: Mapping[str, Any], gates: Gates) -> list[Verdict]:
    """Judge a file's answers against the float student's.

    Args:
        comparison: of the two, as `convert.verifying.comparison.compare` gives it.
        gates: the thresholds.

    Returns:
        One verdict for each figure and each tone bucket, and one for all classes together.
    """
    overall = comparison["overall"]
    verdicts = [
        _share("accuracy", overall["accuracy"], gates.accuracy),
        _share("balanced accuracy", overall["balanced_accuracy"], gates.balanced_accuracy),
        _at_least("agreement", comparison["agreement"], gates.agreement),
        _moved("calibration error", overall["ece"], "rises", gates.ece_rise),
        _share("lighting accuracy", overall["lighting_accuracy"], gates.lighting_accuracy),
        _share("lighting balanced accuracy", overall["lighting_balanced_accuracy"], gates.lighting_balanced_accuracy),
        _at_least("lighting agreement", comparison["lighting_agreement"], gates.lighting_agreement),
        _moved("lighting AUC", overall["lighting_auc"], "falls", gates.lighting_auc_loss),
    ]
    if gates.largest_change is not None:
        measured = comparison["largest_change"]
        wanted = f"at most {gates.largest_change}"
        verdicts.append(_judged("largest change", f"{measured:.3f}", wanted, measured > gates.largest_change))
    verdicts += [slice_verdict(f"tone {b}", part, gates.tone_loss) for b, part in comparison["per_tone"].items()]
    return [*verdicts, _classes(comparison["per_class"], gates.class_loss)]


def slice_verdict(gate: str, part: Mapping[str, Any], limit: float) -> Verdict:
    """Judge the paired change of a slice's accuracy.

    A fall beyond the limit fails, unless the interval still holds "no change": then the photos are too few to tell
    noise from harm. A fall within the limit passes, unless the interval reaches beyond the limit: too few photos as
    well. Where no answer turned right or wrong the bootstrap has no width, and the rule of three stands in for it
    (Hanley and Lippman-Hand 1983): a share that n photos show none of may be up to 3 / n.

    Args:
        gate: its name.
        part: `value`, the accuracy of the file less that of the float student, with `low` and `high` of its 95 %
            interval, and `n`; the value is None without enough photos.
        limit: largest fall allowed, positive.
    """
    wanted = f"falls by at most {100 * limit:.1f} points"
    if part["value"] is None:
        return Verdict(gate, f"n = {part['n']}: too few samples to tell", wanted, CANNOT_TELL)
    if part["value"] < -limit:
        return Verdict(gate, points(part), wanted, CANNOT_TELL if part["high"] >= 0 else FAILED, beyond=True)
    low = -3 / part["n"] if part["low"] == part["high"] == 0 else part["low"]
    return Verdict(gate, points(part), wanted, CANNOT_TELL if low < -limit else PASSED)


def points(part: Mapping[str, Any]) -> str:
    """Write a paired change as `-1.2 points (-2.5 to +0.1), n = 130`."""
    if part["value"] is None:
        return f"n = {part['n']}: too few"
    return f"{100 * part['value']:+.1f} points ({100 * part['low']:+.1f} to {100 * part['high']:+.1f}), n = {part['n']}"


def _classes(per_class: Mapping[str, Mapping[str, Any]], limit: float) -> Verdict:
    """A class has few photos, and there are many: what fails is a fall that its interval shows to be one."""
    wanted = f"none is shown to fall by more than {100 * limit:.1f} points"
    known = {name: part for name, part in per_class.items() if part["value"] is not None}
    unknown = [f"{name} {points(part)}" for name, part in per_class.items() if name not in known]
    fallen = {name: part for name, part in known.items() if part["value"] < -limit}
    lost = {name: part for name, part in fallen.items() if part["high"] < 0}
    named = []
    if known:
        name = min(lost or known, key=lambda name: known[name]["value"])
        named = [f"{name} {points(known[name])}"]
    measured = "; ".join(named + unknown)
    if lost:
        return Verdict("classes", measured, wanted, FAILED, beyond=True)
    return Verdict("classes", measured, wanted, CANNOT_TELL if fallen or unknown else PASSED)


def _share(gate: str, figure: Mapping[str, Any], limit: float) -> Verdict:
    wanted = f"at least {limit} of the float student's"
    if figure["value"] is None:
        return Verdict(gate, f"n = {figure['n']}: {figure['why']}", wanted, CANNOT_TELL)
    share = figure["of_file"] / figure["of_float"] if figure["of_float"] else 1.0
    measured = f"{figure['of_file']:.3f} against {figure['of_float']:.3f} ({share:.3f})"
    return _judged(gate, measured, wanted, share < limit)


def _moved(gate: str, figure: Mapping[str, Any], word: str, limit: float) -> Verdict:
    wanted = f"{word} by at most {limit}"
    if figure["value"] is None:
        return Verdict(gate, f"n = {figure['n']}: {figure['why']}", wanted, CANNOT_TELL)
    worse = figure["value"] if word == "rises" else -figure["value"]
    measured = f"{figure['of_file']:.3f} against {figure['of_float']:.3f} ({figure['value']:+.3f})"
    return _judged(gate, measured, wanted, worse > limit)


def _at_least(gate: str, measured: float, limit: float) -> Verdict:
    return _judged(gate, f"{measured:.3f}", f"at least {limit}", measured < limit)


def _judged(gate: str, measured: str, wanted: str, failed: bool) -> Verdict:
    return Verdict(gate, measured, wanted, FAILED if failed else PASSED, beyond=failed)
