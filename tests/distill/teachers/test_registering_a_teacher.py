"""A new kind of teacher is one entry: what names it, and a function that opens it."""

import numpy as np
import pytest

from distill.teachers import KINDS, open_teacher
from distill.teachers.external import OpenedModel, TeacherKind
from skin_data.progress import no_progress
from tests.distill.teachers.models import CLASSES, describe, photos


def open_list(target, description):
    scale = float(description.std[0])
    return OpenedModel(lambda images: {"diagnosis": scale * images.mean(axis=(1, 2))}, target, size=4)


def test_a_registered_kind_is_opened_by_its_pattern(monkeypatch, tmp_path):
    monkeypatch.setitem(KINDS, "list", TeacherKind(r".+\.list", open_list))
    path = describe(tmp_path / "means.list", std=[30.0] * 3)
    teacher = open_teacher(str(path), CLASSES)
    assert (teacher.describe()["kind"], teacher.describe()["size"]) == ("list", 4)
    diagnosis, _ = teacher.predict(photos(), no_progress)
    np.testing.assert_array_equal(diagnosis.argmax(axis=1), np.arange(24) % 3)
    assert diagnosis.sum(axis=1) == pytest.approx(1)
