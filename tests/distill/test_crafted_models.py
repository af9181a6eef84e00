"""A .keras file from elsewhere is refused before anything that it names is imported or called."""

import json
import sys
import zipfile

import h5py
import numpy as np
import pytest

from distill.known_layers import is_buildable, refused_names
from distill.model_file import load_model
from skin_training.weight_files import check_h5
from triage.errors import UnusableInput


def node(class_name, module="keras.layers", registered_name=None, **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name}


def function(name, module):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def network(*layers):
    image = {**node("InputLayer", batch_input_shape=[None, 8, 8, 3], dtype="float32", name="image"), "name": "image"}
    image["inbound_nodes"], before, listed = [], "image", [image]
    for number, layer in enumerate(layers):
        name = f"layer{number}"
        config = {**layer["config"], "name": name} if isinstance(layer["config"], dict) else layer["config"]
        listed.append({**layer, "config": config, "name": name, "inbound_nodes": [[[before, 0, 0, {}]]]})
        before = name
    ends = {"input_layers": [["image", 0, 0]], "output_layers": [[before, 0, 0]]}
    return node("Functional", "keras.src.engine.functional", "Functional", name="m", layers=listed, **ends)


def dense(**settings):
    return node("Dense", **{"units": 2, **settings})


CRAFTED = "crafted_module"
MARKER = function("open_marker", CRAFTED)
ATTACKS = {
    "code of a lambda (CVE-2024-3660)": (
        node("Lambda", function={"class_name": "__lambda__", "config": {"code": "4w=="}}), "Lambda"
    ),
    "a function as a layer (CVE-2025-1550)": (function("system", "os"), "system"),
    "a function as an initializer": (dense(kernel_initializer=MARKER), "open_marker"),
    "a function as an activation": (dense(activation=MARKER), "open_marker"),
    "a function that an activation's name leads to": (dense(activation="deserialize"), "deserialize"),
    "a class of a module on the path": (node("Marker", CRAFTED), "crafted_module.Marker"),
    "a class that only its module betrays": (node("Dense", CRAFTED), "crafted_module.Dense"),
    "a class inside another": (node("Marker.Inner", CRAFTED), "Marker.Inner"),
    "a class under a registered name": (node("Dense", registered_name="crafted>Marker"), "Dense"),
    "a class deep in a regularizer": (dense(kernel_regularizer={"a": [node("Marker", CRAFTED)]}), "Marker"),
    "a download (CVE-2025-8747)": (function("get_file", "keras.utils"), "get_file"),
    "the switch of the safe mode (CVE-2025-9906)": (
        function("enable_unsafe_deserialization", "keras.config"), "enable_unsafe"
    ),
    "a vocabulary that is any file": (node("StringLookup", vocabulary="/etc/passwd"), "StringLookup"),
    "a saved model of any folder": (node("TFSMLayer", filepath="/tmp"), "TFSMLayer"),
    "a TensorFlow function that writes": (node("TFOpLambda", function="io.write_file"), "io.write_file"),
    "a method of a class": (node("ClassMethod", cls_symbol="io.gfile.GFile", method_name="x"), "ClassMethod"),
    "a type": (
        {"class_name": "__typespec__", "spec_name": "Marker", "module": CRAFTED, "config": []}, "__typespec__"
    ),
    "an optimizer of a layer": ({**dense(), "compile_config": {"optimizer": node("Adam", "keras.optimizers")}}, "Adam"),
    "no name": (node({"class_name": "Dense"}), "class_name"),
}  # fmt: skip


@pytest.fixture
def write(tmp_path, monkeypatch):
    """`write(config, weights, compression)` gives the path of a .keras file; nothing may import `crafted_module`."""
    (tmp_path / "crafted_module.py").write_text(
        "import pathlib\npathlib.Path(__file__).with_name('marker').touch()\ndef open_marker(*_, **__): ...\n"
        "class Marker:\n    class Inner: ...\nDense = Marker"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def written(config, weights=None, compression=zipfile.ZIP_STORED, **others):
        path = tmp_path / "crafted.keras"
        if weights is None:
            with h5py.File(tmp_path / "w.h5", "w") as file:
                file.create_group("layers")
            weights = (tmp_path / "w.h5").read_bytes()
        text = config if isinstance(config, (str, bytes)) else json.dumps(config)
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in {"config.json": text, "model.weights.h5": weights, **others}.items():
                archive.writestr(name, content)
        return path

    yield written
    assert not (tmp_path / "marker").exists() and "crafted_module" not in sys.modules


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_not_on_the_list_is_named_and_not_run(write, attack):
    layer, named = ATTACKS[attack]
    for config in (network(layer), layer if attack != "an optimizer of a layer" else network(layer)):
        with pytest.raises(UnusableInput, match=r"crafted\.keras") as error:
            load_model(write(config))
        assert named in str(error.value)


@pytest.mark.parametrize(
    "config",
    [
        *("[" * 100_000, "null", "[]", "{}", "7", "{", b"\xff"),
        *(
            network(layer)
            for layer in (dense(units="many"), node("Reshape"), node("Conv2D", filters=-1, kernel_size=3))
        ),
        {**network(dense()), "config": None},
        network({"config": {}}),
    ],
    ids=lambda config: str(config)[-40:],
)
def test_a_config_that_describes_nothing_is_one_short_sentence(write, config):
    with pytest.raises(UnusableInput, match=r"crafted\.keras") as error:
        load_model(write(config))
    assert len(str(error.value)) < 600


def test_layers_that_wait_for_each_other_do_not_hang(write):
    config = network(dense(), dense())
    config["config"]["layers"][1]["inbound_nodes"] = [[["layer1", 0, 0, {}]]]
    assert not is_buildable(config) and is_buildable(network(dense(), dense()))
    with pytest.raises(UnusableInput, match=r"crafted\.keras"):
        load_model(write(config))


def test_a_keras_3_file_is_called_one(write):
    with pytest.raises(UnusableInput, match="Keras 3"):
        load_model(write(network(dense()), **{"metadata.json": '{"keras_version": "3.15.1"}'}))


def test_the_foreign_keras_3_file_is_called_one(shared_data):
    path = shared_data / "cases" / "foreign-models" / "other.keras"
    if not path.is_file():
        pytest.skip("no such case on this machine")
    with pytest.raises(UnusableInput, match="Keras 3"):
        load_model(path)


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_zip_bomb_is_not_unpacked(write, name):
    parts = {"config": network(dense()), "weights": b"x"}
    parts["config" if name == "config.json" else "weights"] = bytes(1 << 26)
    with pytest.raises(UnusableInput, match=name.replace(".", r"\.")):
        load_model(write(**parts, compression=zipfile.ZIP_DEFLATED))


def test_names_that_leave_the_folder_are_not_unpacked(write, tmp_path):
    with pytest.raises(UnusableInput):
        load_model(write(network(node("Lambda")), **{"../outside": "x", "/tmp/outside": "x"}))
    assert not (tmp_path.parent / "outside").exists()


def test_an_hdf5_file_under_another_name_is_not_opened(tmp_path):
    with h5py.File(tmp_path / "old.keras", "w") as file:
        file.attrs["model_config"] = json.dumps(network(node("Lambda")))
    with pytest.raises(UnusableInput, match=r"old\.keras"):
        load_model(tmp_path / "old.keras")


def _external_link(file, folder):
    file["layers"] = h5py.ExternalLink(str(folder / "secret.h5"), "/x")


def _soft_link(file, folder):
    file["layers"] = h5py.SoftLink("/elsewhere")


def _external_data(file, folder):
    file.create_dataset("layers", (4,), "u1", external=[(str(folder / "secret.h5"), 0, 4)])


def _virtual_data(file, folder):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "x", (4,))
    file.create_virtual_dataset("layers", layout)


def _huge_data(file, folder):
    file.create_dataset("layers", (1 << 20, 1 << 20), "f4", chunks=(1, 1024))


@pytest.mark.parametrize("put", [_external_link, _soft_link, _external_data, _virtual_data, _huge_data])
def test_weights_that_lead_elsewhere_or_fill_the_memory_are_refused(write, tmp_path, put):
    with h5py.File(tmp_path / "crafted.h5", "w") as file:
        put(file, tmp_path)
    with pytest.raises(UnusableInput, match="layers"):
        check_h5(tmp_path / "crafted.h5")
    with pytest.raises(UnusableInput, match="layers"):
        load_model(write(network(dense()), (tmp_path / "crafted.h5").read_bytes()))


def test_honest_weights_are_accepted(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["a/kernel"] = np.zeros((512, 1024), np.float32)
        file["again"] = file["a"]  # twice the same group, as a circle would be
        file["a/back"] = file["a"]
    check_h5(tmp_path / "weights.h5")


def test_a_registered_layer_is_accepted_under_its_own_name_only():
    layer = node("HardSwish", "distill.backbones.mobilenet_v3_small", "skin_distill>HardSwish")
    assert refused_names(layer, ["skin_distill>HardSwish"]) == []
    assert refused_names(layer, []) and refused_names({**layer, "class_name": "Other"}, ["skin_distill>HardSwish"])
