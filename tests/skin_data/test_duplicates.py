from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from skin_data.clusters import clusters
from skin_data.duplicate_sheets import write_duplicate_sheets
from skin_data.duplicates import CROWD, Duplicate, near_duplicates, same_pictures
from skin_data.perceptual_hash import (
    WINDOWS,
    frequencies,
    outline,
    outline_text,
    photo_hashes,
    read_outlines,
    turned,
    turned_hashes,
    window_hashes,
)
from skin_data.registration import FIRST_ITERATIONS, ITERATIONS, detail_copy, detail_correlation, fine_correlation
from skin_data.sources.record import Record


def photo(seed, height=150, width=200):
    """A picture with detail of all sizes, as photographs have: uint8 [height, width, 3]."""
    generator = np.random.default_rng(seed)
    layers = [
        cv2.resize(
            generator.standard_normal((side, side, 3)).astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        for side in (3, 6, 12, 24, 48)
    ]
    levels = sum(layer * 45 / 1.4**number for number, layer in enumerate(layers))
    return np.clip(levels + 128, 0, 255).astype(np.uint8)


def cut(pixels, left, right, top, bottom):
    height, width = pixels.shape[:2]
    return pixels[
        round(top * height) : height - round(bottom * height), round(left * width) : width - round(right * width)
    ]


def saved(folder, photos):
    paths = []
    for number, pixels in enumerate(photos):
        paths.append(folder / f"{number}.png")
        Image.fromarray(np.ascontiguousarray(pixels)).save(paths[-1])
    return paths


def quiet(done, total):
    pass


def found_among(folder, photos):
    outlines = np.stack([outline(np.ascontiguousarray(pixels)) for pixels in photos])
    return same_pictures(outlines, saved(folder, photos), quiet, workers=1)


def test_a_turned_picture_has_the_hash_of_its_orientation():
    pictures = np.random.default_rng(0).integers(0, 256, (40, 32, 32), np.uint8)
    all_ways = turned_hashes(pictures)
    for orientation in range(8):
        by_picture = photo_hashes(np.stack([turned(picture, orientation) for picture in pictures]))
        assert np.array_equal(all_ways[:, orientation], by_picture)
    assert len(np.unique(all_ways)) == 8 * 40


def test_the_whole_photo_has_the_frequencies_of_a_cosine_transform():
    picture = outline(photo(1))
    ours = frequencies(picture[None], WINDOWS[0][:1], WINDOWS[0][1:])[0, 0, 0]
    plain = cv2.dct(picture.astype(np.float32))[:8, :8]
    # OpenCV's transform is orthonormal: frequency 0 counts half in each direction.
    scale = np.where(np.arange(8), 4, 4 * np.sqrt(2))
    assert np.allclose(ours.ravel()[1:], (plain * np.outer(scale, scale)).ravel()[1:], rtol=1e-3, atol=0.05)


def test_windows_are_hashed_as_photos_that_were_cut_there():
    whole = photo(2, 320, 320)
    hashes = window_hashes(outline(whole)[None])[0]
    assert hashes[0] == photo_hashes(outline(whole)[None])[0]
    near = []
    for ((top, bottom), (left, right)), word in zip(WINDOWS, hashes, strict=True):
        part = np.ascontiguousarray(cut(whole, left, 1 - right, top, 1 - bottom))
        near.append(int(word ^ photo_hashes(outline(part)[None])[0]).bit_count())
    assert np.mean(near) <= 3
    assert max(near) <= 9


def test_outlines_survive_being_written():
    outlines = [outline(photo(seed)) for seed in range(3)]
    assert np.array_equal(read_outlines([outline_text(pixels) for pixels in outlines]), outlines)
    assert read_outlines([]).shape == (0, 32, 32)


@pytest.mark.parametrize(
    "copy",
    [
        lambda p: p[:, ::-1],
        lambda p: np.rot90(p),
        lambda p: cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        lambda p: np.clip(p * np.array([0.8, 0.9, 1.1]), 0, 255).astype(np.uint8),
        lambda p: cv2.imdecode(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 25])[1], cv2.IMREAD_COLOR),
        lambda p: cut(p, 0.05, 0.05, 0.05, 0.05),
        lambda p: cut(p, 0.1, 0.1, 0.1, 0.1),
        lambda p: cut(p, 0.09, 0.02, 0.0, 0.06),
        lambda p: cut(p, 0.1, 0.1, 0.0, 0.0),
        lambda p: np.rot90(cut(p, 0.04, 0.08, 0.02, 0.07)[::-1]),
    ],
    ids=["mirror", "turn", "half", "colour", "jpeg", "crop 5%", "crop 10%", "off-centre", "proportions", "all at once"],
)
def test_copies_are_found_and_other_photos_are_not(tmp_path, copy):
    originals = [photo(seed) for seed in range(8)]
    pairs = found_among(tmp_path, [*originals, copy(originals[3]), copy(originals[5])])
    assert [(pair.first, pair.second) for pair in pairs] == [(3, 8), (5, 9)]
    assert all(pair.distance <= 7 and 0.5 <= pair.correlation <= 1 for pair in pairs)


def test_only_photos_that_look_alike_after_the_first_iterations_are_aligned_to_the_end(monkeypatch):
    asked, align = [], cv2.findTransformECC
    monkeypatch.setattr(cv2, "findTransformECC", lambda *given: asked.append(given[4][1]) or align(*given))
    one, stranger = detail_copy(photo(3)), detail_copy(photo(4))
    part = detail_copy(cut(photo(3), 0.02, 0.0, 0.01, 0.02))
    assert detail_correlation(one, stranger) < 0.5 and asked == [FIRST_ITERATIONS]
    assert detail_correlation(one, part) > 0.9 and asked[1:] == [FIRST_ITERATIONS, ITERATIONS]


def test_a_shared_watermark_does_not_make_photos_duplicates():
    correlations = []
    for seed in range(6):
        one, other = (np.clip(128 + 0.15 * (photo(s).astype(float) - 128), 0, 255).astype(np.uint8) for s in
                      (seed, seed + 50))  # fmt: skip
        for pixels in (one, other):
            cv2.putText(pixels, "site.org", (20, 130), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
        correlations.append(detail_correlation(detail_copy(one), detail_copy(other)))
    assert max(correlations) < 0.5


def test_outline_correlation_separates_crops_from_other_photos():
    one, stranger = photo(3), photo(4)
    part = np.ascontiguousarray(cut(one, 0.1, 0.0, 0.05, 0.05)[:, ::-1])
    outlines = np.stack([outline(pixels) for pixels in (one, part, stranger)])
    window = WINDOWS.index(((0.05, 0.95), (0.1, 1.0)))
    same, other = fine_correlation(outlines, *np.array([[0, 0], [window, window], [1, 2], [1, 1]]))
    assert same > 0.8
    assert abs(other) < 0.4


def test_thousands_of_black_photos_give_a_chain_of_pairs():
    outlines = np.zeros((3000, 32, 32), np.uint8)
    outlines[::10] = np.random.default_rng(0).integers(0, 256, (300, 32, 32))
    pairs = near_duplicates(outlines)
    black = [row for row in range(3000) if row % 10]
    chain = {(int(a), int(b)) for a, b in zip(pairs.first, pairs.second, strict=True) if a % 10 and b % 10}
    assert len(chain) == len(black) - 1
    assert len(set(clusters(3000, chain)[black].tolist())) == 1


def test_photos_without_detail_are_one_picture_and_no_other(tmp_path):
    flat = [np.full((60, 80, 3), level, np.uint8) for level in (0, 0, 128)]
    pairs = found_among(tmp_path, [*flat, photo(1)])
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 2), (1, 2)]
    crowd = found_among(tmp_path, [flat[0]] * (CROWD + 3))
    assert len(crowd) == CROWD + 2
    assert len(set(clusters(CROWD + 3, [pair[:2] for pair in crowd]).tolist())) == 1


def test_no_photos_give_no_pairs():
    assert len(near_duplicates(np.zeros((0, 32, 32), np.uint8)).first) == 0


def test_sheets_show_the_most_doubtful_pairs_and_replace_older_ones(tmp_path):
    paths = saved(tmp_path, [photo(seed) for seed in range(4)])
    records = [Record(Path(path), "mine", "clinical", "a $class_") for path in paths]
    pairs = [Duplicate(0, 1, 3, 0.9), Duplicate(2, 3, 5, 0.6)] * 6
    folder = tmp_path / "pages"
    steps = []
    pages = write_duplicate_sheets(folder, records, ["train"] * 4, pairs, lambda *step: steps.append(step))
    assert [page.name for page in pages] == ["page-001.png", "page-002.png"]
    assert steps[-1] == ("draw near-duplicates", 2, 2)
    with Image.open(pages[0]) as page:
        assert page.width == 1200
    assert write_duplicate_sheets(folder, records, ["train"] * 4, []) == []
    assert list(folder.iterdir()) == []
