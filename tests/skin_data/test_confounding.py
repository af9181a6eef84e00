import numpy as np
import pytest

from skin_data.confounding import trivial_baselines
from skin_data.datacard import describe_confounding
from skin_data.photo_frame import frame_signature, read_frame


def photos(count, watermarked, generator):
    """Noise photos; those marked carry bright writing in a corner."""
    made = generator.integers(90, 160, (count, 60, 80, 3), np.uint8)
    for number in np.flatnonzero(watermarked):
        made[number, 2:6, 4:40:2] = 250
    return made


def baselines_of(diagnoses, sources, pictures, groups=None):
    sizes = np.tile([80.0, 60.0], (len(pictures), 1))
    groups = groups or [str(n) for n in range(len(pictures))]
    return trivial_baselines(diagnoses, sources, groups, sizes, [frame_signature(p) for p in pictures], seed=1)


def test_a_watermark_that_reveals_source_and_class_is_warned_of():
    generator = np.random.default_rng(5)
    marked = generator.random(200) < 0.5
    names = ["wart" if m else "mole" for m in marked]
    baselines = baselines_of(names, ["site" if m else "clinic" for m in marked], photos(200, marked, generator))
    by_cue = {(g.target, g.cue): g for g in baselines}
    assert by_cue["class", "detail of the frame"].balanced_accuracy > 0.95
    assert by_cue["source", "detail of the frame"].warns
    assert not by_cue["class", "size and shape"].warns
    text = describe_confounding(baselines)
    assert "**Beware**" in text
    assert "from the detail of the frame alone" in text or "from the colours of the frame alone" in text


def test_no_warning_where_no_cue_is_informative():
    generator = np.random.default_rng(6)
    names = list(generator.choice(["a", "b"], 200))
    baselines = baselines_of(names, ["s"] * 200, photos(200, np.zeros(200, bool), generator))
    assert {g.target for g in baselines} == {"class"}
    assert not any(g.warns for g in baselines)
    assert "**Beware**" not in describe_confounding(baselines)


def test_photos_of_a_group_are_never_in_two_folds():
    """Colours that name the group, and not the class, teach nothing about other groups."""
    generator = np.random.default_rng(7)
    colors = generator.integers(0, 256, (20, 3), np.uint8)
    pictures = np.repeat(np.tile(colors[:, None, None], (1, 60, 80, 1)), 10, axis=0)
    names = list(np.repeat(generator.permutation(["a", "b"] * 10), 10))
    groups = [str(n // 10) for n in range(200)]
    alone = {g.cue: g.balanced_accuracy for g in baselines_of(names, ["s"] * 200, pictures)}
    whole = {g.cue: g.balanced_accuracy for g in baselines_of(names, ["s"] * 200, pictures, groups)}
    assert alone["colours of the frame"] > 0.95 > 0.75 > whole["colours of the frame"]


def test_too_few_photos_give_no_baseline():
    baselines = baselines_of(["a", "b"], ["s", "t"], photos(2, [], np.random.default_rng(1)))
    assert baselines == []
    assert "|" not in describe_confounding(baselines)


def test_targets_with_fewer_groups_than_folds_are_skipped():
    """One source of two patients among others, and a whole data set of two."""
    pictures = photos(90, [], np.random.default_rng(1))
    names, sources = ["a", "b"] * 45, ["s"] * 60 + ["t"] * 30
    groups = [str(n) for n in range(60)] + ["p"] * 15 + ["q"] * 15
    assert {g.target for g in baselines_of(names, sources, pictures, groups)} == {"source", "class", "class within s"}
    assert baselines_of(names[60:], sources[60:], pictures[60:], groups[60:]) == []


@pytest.mark.parametrize("shape", [(32, 32, 3), (3000, 400, 3)])
def test_the_frame_leaves_the_crop_out(shape):
    photo = np.full(shape, 77, np.uint8)
    top, left = shape[0] // 10 + 1, shape[1] // 10 + 1
    painted = photo.copy()
    painted[top + shape[0] // 20 : -top - shape[0] // 20, left + shape[1] // 20 : -left - shape[1] // 20] = 200
    assert read_frame(frame_signature(photo)).tolist() == [[77, 77, 77, 0]] * 44
    colors = read_frame(frame_signature(painted))[:, :3].astype(int)
    assert abs(colors - 77).max() <= 8
