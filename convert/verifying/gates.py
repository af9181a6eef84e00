"""Gates: what a converted file must keep of its float student."""

from collections.abc import Mapping
from dataclasses import dataclass

from convert.report_types import Comparison, PairedMetric
from skin_training.report_types import Metric


@dataclass(frozen=True)
class Gates:
    """Limits, with the project's defaults.

    The ratio of 0.98 is MLPerf Mobile's for quantized image classification (Reddi et al. 2020). The other limits are
    the project's: each is less than half as wide as the 95 % interval of its metric on a thousand photos.

    Attributes:
        accuracy: of the diagnosis, at least this fraction of the float student's.
        balanced_accuracy: of the diagnosis, likewise.
        agreement: fraction of photos with the same top diagnosis.
        ece_rise: largest rise of the diagnosis's expected calibration error, a fraction.
        lighting_accuracy: at least this fraction of the float student's.
        lighting_balanced_accuracy: likewise.
        lighting_agreement: fraction of photos with the same decision on whether they are well lit.
        lighting_auc_loss: largest fall of the area under the lighting head's ROC curve.
        largest_change: of any diagnosis's probability in any photo; no limit unless a recipe sets one, because a
            single photo between two classes decides it.
        tone_loss: largest fall of a tone bucket's accuracy, a fraction.
        class_loss: largest fall of a class's recall, a fraction.
        familiarity_change: largest mean change of the output familiarity from the float student's.
        spot_overlap: smallest mean IoU of the output spot's box with the float student's, in each tone bucket.
        spot_confidence_change: largest mean change of its confidence.
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
    spot_overlap: float = 0.85
    spot_confidence_change: float = 0.1
    light_measures_change: float = 0.2
    ccm_mean: float = 0.5
    ccm_mean_of_best: float = 0.3
    ccm_max: float = 1.5


PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "cannot tell"


@dataclass(frozen=True)
class GateResult:
    """Outcome of one gate.

    Attributes:
        gate: its name.
        measured: in words.
        limit: in words.
        outcome: passed, failed or cannot tell.
        beyond: whether the measurement lies beyond the limit, even where the photos are too few to be sure.
    """

    gate: str
    measured: str
    limit: str
    outcome: str
    beyond: bool = False


def check_comparison(comparison: Comparison, gates: Gates) -> list[GateResult]:
    """Check a file's predictions against the float student's.

    Args:
        comparison: of the two, as `convert.verifying.comparison.compare` returns it.
        gates: the limits.

    Returns:
        One result for each metric and each tone bucket, and one for all classes together.
    """
    overall = comparison["overall"]
    results = [
        _ratio("accuracy", overall["accuracy"], gates.accuracy),
        _ratio("balanced accuracy", overall["balanced_accuracy"], gates.balanced_accuracy),
        _at_least("agreement", comparison["agreement"], gates.agreement),
        _change("calibration error", overall["ece"], "rises", gates.ece_rise),
        _ratio("lighting accuracy", overall["lighting_accuracy"], gates.lighting_accuracy),
        _ratio("lighting balanced accuracy", overall["lighting_balanced_accuracy"], gates.lighting_balanced_accuracy),
        _at_least("lighting agreement", comparison["lighting_agreement"], gates.lighting_agreement),
        _change("lighting AUC", overall["lighting_auc"], "falls", gates.lighting_auc_loss),
    ]
    if gates.largest_change is not None:
        measured, limit = comparison["largest_change"], f"at most {gates.largest_change}"
        results.append(_result("largest change", f"{measured:.3f}", limit, measured > gates.largest_change))
    results += [check_slice(f"tone {b}", metric, gates.tone_loss) for b, metric in comparison["per_tone"].items()]
    return [*results, _classes(comparison["per_class"], gates.class_loss)]


def check_slice(gate: str, metric: Metric, limit: float) -> GateResult:
    """Check the paired change of a slice's accuracy.

    A fall beyond the limit fails, unless the interval includes 0: then the photos are too few to tell noise from harm.
    A fall within the limit passes, unless the interval reaches beyond the limit: too few photos as well.

    Args:
        gate: its name.
        metric: accuracy of the file minus that of the float student, with its 95 % interval and number of photos.
        limit: largest fall allowed, positive.
    """
    wanted = f"falls by at most {100 * limit:.1f} points"
    value, low, high = metric["value"], metric["low"], metric["high"]
    if value is None or low is None or high is None:
        return GateResult(gate, f"n = {metric['n']}: too few samples to tell", wanted, INCONCLUSIVE)
    if value < -limit:
        return GateResult(gate, points(metric), wanted, INCONCLUSIVE if high >= 0 else FAILED, beyond=True)
    return GateResult(gate, points(metric), wanted, INCONCLUSIVE if low < -limit else PASSED)


def points(metric: Metric) -> str:
    """Write a paired change as `-1.2 points (-2.5 to +0.1), n = 130`."""
    value, low, high = metric["value"], metric["low"], metric["high"]
    if value is None or low is None or high is None:
        return f"n = {metric['n']}: too few"
    return f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}), n = {metric['n']}"


def _classes(per_class: Mapping[str, Metric], limit: float) -> GateResult:
    """A class has few photos, and there are many classes: only a significant fall fails."""
    wanted = f"none is shown to fall by more than {100 * limit:.1f} points"
    values = {name: metric["value"] for name, metric in per_class.items() if metric["value"] is not None}
    unknown = [f"{name} {points(metric)}" for name, metric in per_class.items() if name not in values]
    fallen = [name for name, value in values.items() if value < -limit]
    significant = [name for name in fallen if (per_class[name]["high"] or 0) < 0]
    worst = sorted(significant or values, key=lambda name: values[name])[:1]
    measured = "; ".join([f"{name} {points(per_class[name])}" for name in worst] + unknown)
    if significant:
        return GateResult("classes", measured, wanted, FAILED, beyond=True)
    return GateResult("classes", measured, wanted, INCONCLUSIVE if fallen or unknown else PASSED)


def _ratio(gate: str, metric: PairedMetric, limit: float) -> GateResult:
    wanted = f"at least {limit} of the float student's"
    if metric["value"] is None:
        return GateResult(gate, f"n = {metric['n']}: {metric['why']}", wanted, INCONCLUSIVE)
    ratio = metric["of_file"] / metric["of_float"] if metric["of_float"] else 1.0
    measured = f"{metric['of_file']:.3f} against {metric['of_float']:.3f} ({ratio:.3f})"
    return _result(gate, measured, wanted, ratio < limit)


def _change(gate: str, metric: PairedMetric, direction: str, limit: float) -> GateResult:
    wanted = f"{direction} by at most {limit}"
    if metric["value"] is None:
        return GateResult(gate, f"n = {metric['n']}: {metric['why']}", wanted, INCONCLUSIVE)
    worse = metric["value"] if direction == "rises" else -metric["value"]
    measured = f"{metric['of_file']:.3f} against {metric['of_float']:.3f} ({metric['value']:+.3f})"
    return _result(gate, measured, wanted, worse > limit)


def _at_least(gate: str, measured: float, limit: float) -> GateResult:
    return _result(gate, f"{measured:.3f}", f"at least {limit}", measured < limit)


def _result(gate: str, measured: str, wanted: str, failed: bool) -> GateResult:
    return GateResult(gate, measured, wanted, FAILED if failed else PASSED, beyond=failed)
