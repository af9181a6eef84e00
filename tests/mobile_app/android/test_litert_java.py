import json
import threading

import numpy as np
import pytest

from triage import Triage
from triage.errors import UnusableInput
from triage.interpreter import available_runtimes, open_interpreter


def test_it_is_the_runtime_that_triage_takes(litert, described):
    assert next(iter(available_runtimes().items())) == ("litert_java", "1.4.1")
    interpreter = open_interpreter(described(), threads=3)
    assert interpreter.runtime == "litert_java 1.4.1"
    assert interpreter.input_size == 32
    assert interpreter.input_dtype is np.uint8
    assert interpreter.input_quantization == (pytest.approx(1 / 255), 0)
    assert interpreter.output_shapes == {"diagnosis": (1, 10), "lighting": (1, 1)}


def test_options_reach_java(litert, jnius, described):
    seen = jnius.autoclass("org.tensorflow.lite.Interpreter")
    open_interpreter(described(), threads=3)
    assert (seen.lastThreads, seen.lastXnnpack) == (3, "true")
    open_interpreter(described(), use_delegate=False)
    assert (seen.lastThreads, seen.lastXnnpack) == (1, "false")


@pytest.mark.parametrize(
    ("input_type", "received"),
    [
        ("UINT8 0.003921569 0", lambda pixels: pixels),
        ("INT8 0.003921569 -128", lambda pixels: pixels.astype(np.int16) - 128),
        ("FLOAT32 0 0", lambda pixels: pixels / np.float32(255)),
    ],
)
def test_the_bytes_that_java_gets_and_gives_are_the_right_ones(
    litert, described, expected, pixels, input_type, received
):
    interpreter = open_interpreter(described(input_type))
    for photo in (pixels, 255 - pixels, pixels):
        answers = interpreter.run(photo)
        assert answers["diagnosis"].dtype == np.float32
        for name, position in (("lighting", 0), ("diagnosis", 1)):
            values = expected(received(photo), answers[name].size, position)
            np.testing.assert_allclose(answers[name].ravel(), values, rtol=1e-6)


def test_integer_outputs_come_back_as_real_numbers(litert, described):
    # The sum over (i + k + j) % 7 fits a byte when only the first two values are above 0.
    photo = np.zeros((32, 32, 3), np.uint8)
    photo[0, 0] = 20, 9, 0
    raw = np.array([20 * ((k + 1) % 7) + 9 * ((k + 2) % 7) for k in range(10)])
    unsigned = open_interpreter(described(output_type="UINT8 0.00390625 0")).run(photo)["diagnosis"]
    np.testing.assert_allclose(unsigned[0], raw / 256)
    signed = open_interpreter(described(output_type="INT8 0.5 -128")).run(photo // 2)["diagnosis"]
    raw = np.array([10 * ((k + 1) % 7) + 4 * ((k + 2) % 7) for k in range(10)])
    np.testing.assert_allclose(signed[0], (raw + 128) / 2)


def test_a_release_file_is_answered(litert, release, pixels):
    triage = Triage.load(release)
    photo = np.repeat(np.repeat(pixels, 8, axis=0), 8, axis=1)
    answer = triage.assess(photo)
    assert {d.label for d in answer.ranking} == {f"c{i}" for i in range(10)}
    assert sum(d.probability for d in answer.ranking) == pytest.approx(1)
    json.dumps(answer.to_json(), allow_nan=False)


def test_several_threads_each_with_its_own(litert, described, expected, no_classes_from_threads):
    photos = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    failures: list[object] = []

    def work(photo: np.ndarray) -> None:
        try:
            interpreter = open_interpreter(described())
            values = expected(photo, 10, 1)
            for _ in range(20):
                np.testing.assert_allclose(interpreter.run(photo)["diagnosis"][0], values, rtol=1e-6)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(photo,)) for photo in photos]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_what_java_refuses_is_told_in_one_sentence(litert, described):
    with pytest.raises(UnusableInput, match=r"litert_java cannot open this model. Received: Contents of buffer"):
        open_interpreter(described(extra="nonsense"))
    with pytest.raises(UnusableInput, match="2 signatures"):
        open_interpreter(described(signatures=("one", "two")))
    with pytest.raises(UnusableInput, match="a tensor of type INT16"):
        open_interpreter(described(input_type="INT16 0 0"))
    breaks = open_interpreter(described(extra="breaks"))
    with pytest.raises(UnusableInput, match="Received: Internal error: Failed to run"):
        breaks.run(np.zeros((32, 32, 3), np.uint8))


ENDURANCE = """
import sys, threading
import numpy as np
from jnius import autoclass
from mobile_app.android import litert_java
model = bytes.fromhex(sys.argv[1])
interpreter = litert_java.Interpreter(model)
index = interpreter.get_input_details()[0]["index"]
output = interpreter.get_output_details()[0]["index"]
photo = np.zeros((1, 32, 32, 3), np.uint8)
def work(runs):
    for _ in range(runs):
        interpreter.set_tensor(index, photo)
        interpreter.invoke()
        interpreter.get_tensor(output)
def java_threads():
    return autoclass("java.lang.Thread").activeCount()
before = java_threads()
threads = [threading.Thread(target=work, args=(500,))]
threads[0].start()
threads[0].join()
print("left behind:", java_threads() - before)
"""


def test_nothing_piles_up_in_java(run_python, described):
    # -Xcheck:jni complains whenever a thread holds 32 more references than it ever did.
    output = run_python(ENDURANCE, described().hex(), options=("-Xcheck:jni", "-Xrs"), ANDROID_ARGUMENT="")
    assert output.count("JNI local refs") <= 1, output
    # On Android pyjnius detaches every thread that Python ends; one that stays attached would end the app.
    assert "left behind: 0" in output
