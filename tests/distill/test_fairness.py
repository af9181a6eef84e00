import numpy as np
import pandas as pd
import pytest

from distill.fairness import (
    Fairness,
    fairness_table,
    find_groups,
    group_accuracies,
    group_weights,
    photo_weights,
)
from triage.errors import UnusableInput


def frame(tones, diagnoses=None):
    return pd.DataFrame({"tone_bucket": tones, "diagnosis": diagnoses or ["a"] * len(tones)})


@pytest.fixture
def groups():
    training = frame(["light"] * 6 + ["dark"] * 2 + ["unknown"] * 2)
    validation = frame(["light"] * 60 + ["dark"] * 20 + ["unknown"] * 5)
    return find_groups("tone", training, validation, ["a"])


def row(light, dark):
    return {"val_accuracy of light": light, "val_accuracy of dark": dark}


def test_groups_are_those_with_photos_in_both_splits(groups):
    assert groups.names == ("light", "dark")
    assert groups.of_training.tolist() == [0] * 6 + [1] * 2 + [-1] * 2
    by_class = find_groups("class", frame(["light"] * 3, ["a", "b", None]), frame(["dark"] * 2, ["b", "c"]), ["a", "b"])
    assert by_class.names == ("b",)


def test_accuracies_are_those_of_labelled_photos(groups):
    right, known = np.arange(85) % 2 == 0, np.arange(85) < 70
    found = group_accuracies(groups, right, known)
    assert found == {"accuracy of light": 0.5, "accuracy of dark": 0.5}


def test_weights_stay_until_a_group_falls_behind_and_then_follow_the_formula(groups):
    recipe = Fairness("tone", rate=2.0, tolerance=0.02, largest=3.0)
    np.testing.assert_allclose(group_weights(recipe, groups, []), 1)
    np.testing.assert_allclose(group_weights(recipe, groups, [row(0.7, 0.67)]), 1)
    # Shortfalls of -0.1 and 0.1, believed 60 / 80 and 20 / 40 of the way, and the mean over 6 + 2 photos is 1.
    plain = np.exp(2.0 * np.array([-0.1 * 60 / 80, 0.1 * 20 / 40]))
    plain /= (plain * [6, 2]).sum() / 8
    found = group_weights(recipe, groups, [row(0.7, 0.5)])
    np.testing.assert_allclose(found, plain)
    np.testing.assert_allclose(photo_weights(groups, found), [*[plain[0]] * 6, *[plain[1]] * 2, 1, 1], rtol=1e-6)


def test_weights_grow_epoch_by_epoch_within_their_bounds(groups):
    recipe = Fairness("tone", rate=2.0, largest=1.5)
    ratios = [np.divide(*group_weights(recipe, groups, [row(0.8, 0.4)] * n)[::-1]) for n in (1, 2, 50)]
    assert 1 < ratios[0] < ratios[1] < ratios[2]
    assert ratios[2] == pytest.approx(1.5**2)


def test_the_table_says_what_was_done(groups):
    table = fairness_table(Fairness("tone"), groups, [row(0.7, 0.5), row(0.7, 0.6)], None)
    assert table["groups"]["dark"]["first_accuracy"] == 0.5
    assert table["groups"]["dark"]["last_accuracy"] == 0.6
    assert table["groups"]["dark"]["weight"] > 1 > table["groups"]["light"]["weight"]
    assert (table["groups"]["light"]["n_training"], table["groups"]["light"]["n_validation"]) == (6, 60)


@pytest.mark.parametrize("wrong", [{"by": "sex"}, {"by": "tone", "rate": 0}, {"by": "tone", "largest": 0.5}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(UnusableInput, match=r"distill\.fairness"):
        Fairness(**wrong)
