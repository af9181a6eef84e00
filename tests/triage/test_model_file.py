import copy
import hashlib
import io
import json
import zipfile

import numpy as np
import pytest

from triage.errors import UnusableInput
from triage.interpreter import open_interpreter
from triage.model_card import REQUIRED_KEYS
from triage.model_file import SEAL_BYTES, pack_model, read_model

FAKE = b"\x1c\0\0\0TFL3" + bytes(range(256)) * 8


@pytest.fixture
def release(tmp_path, card):
    path = tmp_path / "model.tflite"
    path.write_bytes(pack_model(FAKE, card))
    return path


def test_what_is_packed_is_read_back(release, card):
    model = read_model(release)
    assert model.flatbuffer == FAKE
    assert model.card == {**card, "flatbuffer_sha256": hashlib.sha256(FAKE).hexdigest()}
    assert model.path == release


def test_any_unzip_program_reads_the_files(release):
    with zipfile.ZipFile(release) as archive:
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode().splitlines() == [f"Class {i}" for i in range(10)]
        assert archive.read("lighting_labels.txt").decode().splitlines() == ["well lit"]
        assert json.loads(archive.read("card.json"))["name"] == "tiny"


def test_a_release_file_cut_short_does_not_pass_as_a_plain_model(release):
    release.write_bytes(release.read_bytes()[:-30])
    with pytest.raises(UnusableInput, match=r"model\.tflite"):
        read_model(release, card_required=False)


def test_equal_models_are_equal_files_and_the_card_is_left_alone(card):
    before = copy.deepcopy(card)
    assert pack_model(FAKE, card) == pack_model(FAKE, card)
    assert card == before


def test_the_interpreter_reads_past_what_is_appended(flatbuffers, card):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    packed = open_interpreter(pack_model(flatbuffers["float32"], card)).run(pixels)
    plain = open_interpreter(flatbuffers["float32"]).run(pixels)
    np.testing.assert_array_equal(packed["diagnosis"], plain["diagnosis"])


def test_a_plain_model_is_read_only_when_asked_for(tmp_path):
    path = tmp_path / "plain.tflite"
    path.write_bytes(FAKE)
    assert read_model(path, card_required=False).card == {}
    assert read_model(path, card_required=False).flatbuffer == FAKE
    with pytest.raises(UnusableInput, match=path.name):
        read_model(path)


def test_foreign_files_appended_are_no_card(tmp_path):
    buffer = io.BytesIO(FAKE)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("labelmap.txt", "cat\n")
    path = tmp_path / "foreign.tflite"
    path.write_bytes(buffer.getvalue())
    assert read_model(path, card_required=False).flatbuffer == FAKE
    with pytest.raises(UnusableInput, match=path.name):
        read_model(path)


@pytest.mark.parametrize("content", [b"", b"I am text", b"PK\x03\x04 zip", bytes(100)])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "renamed.tflite"
    path.write_bytes(content)
    for required in (True, False):
        with pytest.raises(UnusableInput, match=path.name):
            read_model(path, card_required=required)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(UnusableInput, match=r"none\.tflite"):
        read_model(tmp_path / "none.tflite")
    with pytest.raises(UnusableInput, match=tmp_path.name):
        read_model(tmp_path)


def test_a_thousand_bit_flips_and_truncations_are_refused(release):
    data = release.read_bytes()
    rng = np.random.default_rng(5)
    for trial in range(1000):
        damaged = bytearray(data)
        if trial % 4 == 0:
            del damaged[int(rng.integers(0, len(data))) :]
        else:
            damaged[rng.integers(0, len(data))] ^= 1 << int(rng.integers(8))
        release.write_bytes(bytes(damaged))
        with pytest.raises(UnusableInput, match=r"model\.tflite"):
            read_model(release)


def test_bytes_added_behind_are_refused(release):
    release.write_bytes(release.read_bytes() + b"\0")
    with pytest.raises(UnusableInput, match=r"model\.tflite"):
        read_model(release)


def test_a_sealed_file_of_two_models_is_refused(release, card):
    other = FAKE[:-1] + b"x"
    mixed = other + release.read_bytes()[len(FAKE) : -SEAL_BYTES]
    release.write_bytes(mixed + hashlib.sha256(mixed).hexdigest().encode())
    with pytest.raises(UnusableInput, match="SHA-256"):
        read_model(release)


def test_a_file_of_an_older_release_says_what_to_do(release):
    data = bytearray(release.read_bytes()[:-SEAL_BYTES])
    data[-2:] = b"\0\0"  # the length of the zip's comment
    release.write_bytes(bytes(data))
    assert zipfile.ZipFile(release).comment == b""
    with pytest.raises(UnusableInput, match=r"model\.tflite"):
        read_model(release)


@pytest.mark.parametrize("key", [key for key in REQUIRED_KEYS if key != "flatbuffer_sha256"])
def test_a_card_that_lacks_something_is_refused(card, key):
    del card[key]
    with pytest.raises(UnusableInput, match=key):
        pack_model(FAKE, card)


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (("format",), 2, "format"),
        (("classes",), [], "classes"),
        (("classes", 0, "urgency"), "maybe", "maybe"),
        (("classes", 1, "id"), "c0", "c0"),
        (("input", "size"), 0, "size"),
        (("input", "size"), None, "size"),
        (("input", "crop_fraction"), 1.5, "crop_fraction"),
        (("input", "crop"), "round", "round"),
        (("input", "dtype"), "float16", "dtype"),
        (("color_calibration", "matrix"), [[1, 0], [0, 1]], r"\[1, 0\]"),
        (("color_calibration", "bias"), [0, 0, float("nan")], "bias"),
        (("temperature",), 0, "temperature"),
        (("temperature",), True, "temperature"),
        (("thresholds", "urgent"), 1.2, "urgent"),
        (("thresholds", "abstain_below"), None, "abstain_below"),
        (("per_tone",), {"dark": float("nan")}, "NaN"),
    ],
)
def test_a_card_with_a_senseless_value_is_refused(card, place, value, named):
    target = card
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(UnusableInput, match=named):
        pack_model(FAKE, card)


def test_packing_twice_or_packing_something_else_is_refused(card):
    with pytest.raises(UnusableInput, match="release file"):
        pack_model(pack_model(FAKE, card), card)
    with pytest.raises(UnusableInput, match="TFL3"):
        pack_model(b"text", card)


def test_the_packages_own_model_is_used_where_no_file_is_given(tmp_path, flatbuffers, card, monkeypatch):
    from triage import Triage, model_file

    monkeypatch.setattr(model_file, "SHIPPED_MODEL", tmp_path / "phone.tflite")
    with pytest.raises(UnusableInput, match=r"phone\.tflite"):
        Triage.load()
    (tmp_path / "phone.tflite").write_bytes(pack_model(flatbuffers["float32"], card))
    assert Triage.load().card["name"] == card["name"]
