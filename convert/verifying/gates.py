"""Gates: what a file must keep of its float student.

A converted file holds the float student's own weights: it must agree with it. A retrained file is another network: two
float students of one recipe and two seeds agree on 78 % of photos, so it must not be inferior, and may disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from convert.report_types import Comparison, PairedMetric, SliceChange
from convert.variants.variant import CONVERTED, RETRAINED
from skin_training.report_types import Metric


@dataclass(frozen=True)
class Gates:
    """Limits, with the project's defaults.

    The ratio of 0.98 is MLPerf Mobile's for quantized image classification (Reddi et al. 2020). The other limits are
    the project's: each is less than half as wide as the 95 % interval of its metric on a thousand photos.

    Attributes:
        accuracy: of the diagnosis, at least this fraction of the float student's.
        balanced_accuracy: of the diagnosis, likewise.
        agreement: fraction of photos with the same top diagnosis; of converted files, as is `lighting_agreement`.
        ece_rise: largest rise of the diagnosis's expected calibration error, a fraction.
        lighting_accuracy: at least this fraction of the float student's.
        lighting_balanced_accuracy: likewise.
        lighting_agreement: fraction of photos with the same decision on whether they are well lit.
        lighting_auc_loss: largest fall of the area under the lighting head's ROC curve.
        largest_change: of any diagnosis's probability in any photo; no limit unless a recipe sets one, because a
            single photo between two classes decides it.
        tone_loss: largest fall of a tone bucket's accuracy, a fraction.
        class_loss: largest fall of a class's recall, a fraction.
        familiarity_change: of converted files, largest mean change of the output familiarity from the float student's.
        familiarity_loss: of retrained files, largest fall of the fraction of photos that are familiar, and of that of
            drawn pictures that are not.
        spot_overlap: of converted files, smallest mean IoU of the output spot's box with the float student's, in each
            tone bucket.
        spot_confidence_change: of converted files, largest mean change of its confidence.
        spot_loss: of retrained files, largest fall of the mean IoU with the lesions' boxes, a fraction.
        light_measures_change: largest mean change of any value of the output light_measures, standard deviations.
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
    familiarity_change: float = 0.1
    familiarity_loss: float = 0.05
    spot_overlap: float = 0.85
    spot_confidence_change: float = 0.1
    spot_loss: float = 0.02
    light_measures_change: float = 0.2
    ccm_mean: float = 0.5
    ccm_mean_of_best: float = 0.3
    ccm_max: float = 1.5


PASSED, FAILED, INCONCLUSIVE, REPORTED = "passed", "failed", "cannot tell", "reported"


@dataclass(frozen=True)
class GateResult:
    """Outcome of one gate.

    Attributes:
        gate: its name.
        measured: in words.
        limit: in words.
        outcome: passed, failed, cannot tell, or reported where nothing is required.
        beyond: whether the measurement lies beyond the limit, even where the photos are too few to be sure.
    """

    gate: str
    measured: str
    limit: str
    outcome: str
    beyond: bool = False


def check_comparison(comparison: Comparison, gates: Gates, kind: str = CONVERTED) -> list[GateResult]:
    """Check a file's predictions against the float student's.

    Args:
        comparison: of the two, as `convert.verifying.comparison.compare` returns it.
        gates: the limits.
        kind: `CONVERTED` or `RETRAINED`.

    Returns:
        One result for each metric and each tone bucket, and one for all classes together.
    """
    overall, retrained = comparison["overall"], kind == RETRAINED
    results = [
        _ratio("accuracy", overall["accuracy"], gates.accuracy, retrained),
        _ratio("balanced accuracy", overall["balanced_accuracy"], gates.balanced_accuracy, retrained),
        _agreement("agreement", comparison["agreement"], gates.agreement, retrained),
        _change("calibration error", overall["ece"], "rises", gates.ece_rise, retrained),
        _ratio("lighting accuracy", overall["lighting_accuracy"], gates.lighting_accuracy, retrained),
        _ratio(
            "lighting balanced accuracy",
            overall["lighting_balanced_accuracy"],
            gates.lighting_balanced_accuracy,
            retrained,
        ),
        _agreement("lighting agreement", comparison["lighting_agreement"], gates.lighting_agreement, retrained),
        _change("lighting AUC", overall["lighting_auc"], "falls", gates.lighting_auc_loss, retrained),
    ]
    if gates.largest_change is not None and not retrained:
        measured, limit = comparison["largest_change"], f"at most {gates.largest_change}"
        results.append(_result("largest change", f"{measured:.3f}", limit, measured > gates.largest_change))
    tones = comparison["per_tone"]
    results += [check_slice(f"tone {b}", metric, gates.tone_loss, retrained) for b, metric in tones.items()]
    return [*results, _classes(comparison["per_class"], gates.class_loss, retrained)]


def check_slice(gate: str, metric: SliceChange, limit: float, retrained: bool = False) -> GateResult:
    """Check the paired change of a slice's accuracy.

    A fall beyond the limit fails, unless the interval includes 0: then the photos are too few to tell noise from harm.
    A fall within the limit passes, unless the interval reaches beyond the limit: too few photos as well. In a retrained
    file many predictions change, and of many slices some fall by chance: only a fall that is significant after
    Bonferroni correction lies beyond the limit.

    Args:
        gate: its name.
        metric: accuracy of the file minus that of the float student, with its 95 % interval and number of photos.
        limit: largest fall allowed, positive.
        retrained: the file is of that kind.
    """
    wanted = f"falls by at most {100 * limit:.1f} points"
    value, low, high = metric["value"], metric["low"], metric["high"]
    if value is None or low is None or high is None:
        return GateResult(gate, f"n = {metric['n']}: too few samples to tell", wanted, INCONCLUSIVE)
    if value < -limit:
        failed = _falls(metric, retrained)
        return GateResult(gate, points(metric), wanted, FAILED if failed else INCONCLUSIVE, failed or not retrained)
    return GateResult(gate, points(metric), wanted, INCONCLUSIVE if low < -limit else PASSED)


def not_inferior(
    gate: str, metric: Metric, margin: float, measured: str, wanted: str, rises: bool = False
) -> GateResult:
    """Check a paired change of a retrained file: only an interval within the margin shows that it is not inferior.

    Args:
        gate: its name.
        metric: the change, with its interval.
        margin: largest change for the worse, positive.
        measured: both values, in words.
        wanted: the limit, in words.
        rises: whether a rise is for the worse.
    """
    value, low, high = metric["value"], metric["low"], metric["high"]
    if value is None or low is None or high is None:
        return GateResult(gate, points(metric), wanted, INCONCLUSIVE)
    measured = f"{measured}, change {100 * low:+.1f} to {100 * high:+.1f} points"
    worse, worst = (value, high) if rises else (-value, -low)
    if not worse <= margin:  # NaN compares as false
        return GateResult(gate, measured, wanted, FAILED, beyond=True)
    return GateResult(gate, measured, wanted, PASSED if worst <= margin else INCONCLUSIVE)


def points(metric: Metric) -> str:
    """Write a paired change as `-1.2 points (-2.5 to +0.1), n = 130`."""
    value, low, high = metric["value"], metric["low"], metric["high"]
    if value is None or low is None or high is None:
        return f"n = {metric['n']}: too few"
    return f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}), n = {metric['n']}"


def _falls(metric: SliceChange, retrained: bool) -> bool:
    """Return whether a fall is significant."""
    high = metric["corrected_high"] if retrained else metric["high"]
    return high is not None and high < 0


def _classes(per_class: Mapping[str, SliceChange], limit: float, retrained: bool) -> GateResult:
    """A class has few photos, and there are many classes: only a significant fall fails."""
    wanted = f"none is shown to fall by more than {100 * limit:.1f} points"
    values = {name: metric["value"] for name, metric in per_class.items() if metric["value"] is not None}
    unknown = [f"{name} {points(metric)}" for name, metric in per_class.items() if name not in values]
    fallen = [name for name, value in values.items() if value < -limit]
    significant = [name for name in fallen if _falls(per_class[name], retrained)]
    worst = sorted(significant or values, key=lambda name: values[name])[:1]
    measured = "; ".join([f"{name} {points(per_class[name])}" for name in worst] + unknown)
    if significant:
        return GateResult("classes", measured, wanted, FAILED, beyond=True)
    return GateResult("classes", measured, wanted, INCONCLUSIVE if fallen or unknown else PASSED)


def _ratio(gate: str, metric: PairedMetric, limit: float, retrained: bool) -> GateResult:
    wanted = f"at least {limit} of the float student's"
    if metric["value"] is None:
        return GateResult(gate, f"n = {metric['n']}: {metric['why']}", wanted, INCONCLUSIVE)
    ratio = metric["of_file"] / metric["of_float"] if metric["of_float"] else 1.0
    measured = f"{metric['of_file']:.3f} against {metric['of_float']:.3f} ({ratio:.3f})"
    if retrained:
        return not_inferior(gate, metric, (1 - limit) * metric["of_float"], measured, wanted)
    return _result(gate, measured, wanted, ratio < limit)


def _change(gate: str, metric: PairedMetric, direction: str, limit: float, retrained: bool) -> GateResult:
    wanted = f"{direction} by at most {limit}"
    if metric["value"] is None:
        return GateResult(gate, f"n = {metric['n']}: {metric['why']}", wanted, INCONCLUSIVE)
    worse = metric["value"] if direction == "rises" else -metric["value"]
    measured = f"{metric['of_file']:.3f} against {metric['of_float']:.3f} ({metric['value']:+.3f})"
    if retrained:
        return not_inferior(gate, metric, limit, measured, wanted, rises=direction == "rises")
    return _result(gate, measured, wanted, worse > limit)


def _agreement(gate: str, measured: float, limit: float, retrained: bool) -> GateResult:
    if retrained:
        return GateResult(gate, f"{measured:.3f}", "none: another network", REPORTED)
    return _result(gate, f"{measured:.3f}", f"at least {limit}", measured < limit)


def _result(gate: str, measured: str, wanted: str, failed: bool) -> GateResult:
    return GateResult(gate, measured, wanted, FAILED if failed else PASSED, beyond=failed)
