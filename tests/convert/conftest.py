import numpy as np
import pytest
import tf_keras as keras

from distill.student import build_student
from skin_data.manifest import read_manifest
from skin_training.color_calibration import CCM_LAYER_NAME
from skin_training.run_folder import RunFolder
from tests.noise_data import SIZE, make_photos

MATRIX = np.array([[0.92, 0.04, -0.02], [0.05, 0.97, 0.03], [0.01, -0.03, 1.06]], np.float32)
BIAS = np.array([0.01, -0.02, 0.015], np.float32)


@pytest.fixture(scope="session")
def student(photos):
    """An untrained student whose normalisation statistics and colour calibration are not those of a new model."""
    keras.utils.set_random_seed(0)
    model = build_student(10, SIZE, batch_norm_momentum=0.5)
    for _ in range(8):
        model(photos / np.float32(255), training=True)
    model.get_layer(CCM_LAYER_NAME).set_weights([MATRIX, BIAS])
    return model


@pytest.fixture
def small_run(tmp_path, tiny_networks):
    """A run with an untrained student, and its data set."""
    manifest, run = read_manifest(make_photos(tmp_path / "data")), RunFolder("s", tmp_path)
    keras.utils.set_random_seed(0)
    run.save_model(build_student(len(manifest.taxonomy.ids), SIZE, width=0.35), "student.keras")
    phase = {"name": "distill", "trains": "all", "epochs": 1, "learning_rate": 1e-3}
    distill = {"crop_fraction": 0.8, "input_size": SIZE, "width": 0.35, "view_count": 1, "phases": [phase]}
    run.write_config({"distill": distill, "teacher_run": "t", "data": {"meta_sha256": manifest.sha256}})
    test = {"per_tone": {}, "confusion": {"classes": list(manifest.taxonomy.ids)}}
    run.update_report("distill", {"key": {"teacher_sha256": "0" * 64}, "test": test})
    return run, manifest


@pytest.fixture(scope="session")
def photos():
    """Smooth random pictures, uint8 [24, 32, 32, 3]."""
    generator = np.random.default_rng(1)
    coarse = generator.uniform(0, 255, (24, 4, 4, 3))
    return np.kron(coarse, np.ones((1, 8, 8, 1))).astype(np.uint8)


@pytest.fixture(scope="session")
def source(student, photos):
    """What the student's files are made from."""
    from convert.making.representative import Representative
    from convert.making.source import Source

    return Source(student, lambda: Representative(photos))


@pytest.fixture(scope="session")
def fast(source):
    """The student rewritten for integer kernels."""
    return source.fast_student


@pytest.fixture(scope="session")
def flatbuffer(fast):
    """The same in float, as a file's model."""
    from convert.making.converter import to_tflite

    return to_tflite(fast)


@pytest.fixture(scope="session")
def qat_student(source):
    """The quantized student before training."""
    from convert.making.quantization_aware import QuantizationAwareStudent

    return QuantizationAwareStudent(source.corrected_student, source.ranges)


@pytest.fixture(scope="session")
def flatbuffers(source):
    """The student in every variant, without fine-tuning."""
    from convert.making.source import make_flatbuffer
    from convert.variants import VARIANTS

    return {name: make_flatbuffer(variant, source) for name, variant in VARIANTS.items()}


@pytest.fixture(scope="session")
def to_int8():
    """`to_int8(model, photos)` quantizes a Keras model as it is."""
    from convert.making.activation_ranges import choose_ranges
    from convert.making.converter import quantize, to_tflite

    def convert(model, photos):
        flatbuffer = to_tflite(model)
        return quantize(flatbuffer, choose_ranges(flatbuffer, photos))

    return convert


@pytest.fixture(scope="session")
def changed():
    """Gives the model after `change(model, names)`: the schema's object, and the operators' names by number."""

    def apply(flatbuffer, change):
        from tensorflow.lite.python import schema_py_generated as schema

        from convert.flatbuffer import packed, unpacked

        model = unpacked(flatbuffer)
        change(model, {value: name for name, value in vars(schema.BuiltinOperator).items()})
        return packed(model)

    return apply


@pytest.fixture(scope="session")
def with_channel_scales(changed):
    """Gives dense kernels of 8 bit a scale for each channel, all equal: the same numbers, written by channel."""

    def apply(flatbuffer):
        def change(model, names):
            graph = model.subgraphs[0]
            for operator in graph.operators:
                code = model.operatorCodes[operator.opcodeIndex]
                if names[max(code.builtinCode, code.deprecatedBuiltinCode)] == "FULLY_CONNECTED":
                    kernel = graph.tensors[operator.inputs[1]]
                    if kernel.quantization is not None and kernel.quantization.scale is not None:
                        kernel.quantization.scale = np.repeat(kernel.quantization.scale, kernel.shape[0])
                        kernel.quantization.zeroPoint = np.zeros(kernel.shape[0], np.int64)
                        kernel.quantization.quantizedDimension = 0

        return changed(flatbuffer, change)

    return apply
