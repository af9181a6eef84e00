"""What accelerators take of a file."""

import pytest

from convert.flatbuffer import Flatbuffer
from convert.verifying.accelerators import ACCELERATORS, placements

INTEGERS = ("Arm Ethos-U55, U65", "Arm Ethos-U85", "Coral Edge TPU", "Qualcomm Hexagon DSP, TFLite delegate")


def by_name(flatbuffer):
    return {found.accelerator: found for found in placements(flatbuffer)}


def test_each_accelerator_says_where_its_limits_stand_and_when_they_were_read():
    for accelerator in ACCELERATORS:
        assert any(year in accelerator.source for year in ("2026-09", "2026-12")), accelerator.title


@pytest.mark.parametrize("variant", ["float32", "int8-weights"])
def test_integer_accelerators_take_nothing_of_a_file_in_float(flatbuffers, variant):
    found = by_name(flatbuffers[variant])
    assert [found[name].taken for name in INTEGERS] == [0] * len(INTEGERS)
    whole = len(Flatbuffer(flatbuffers[variant]).operators)
    assert found["Qualcomm HTP, LiteRT"].taken == found["Qualcomm HTP, LiteRT"].operators == whole


def test_of_an_integer_file_the_float_ends_run_on_the_processor(flatbuffers):
    """The colour calibration, which stays in float, is where an Edge TPU's only part ends."""
    parsed, found = Flatbuffer(flatbuffers["int8"]), by_name(flatbuffers["int8"])
    ethos, edge = found["Arm Ethos-U85"], found["Coral Edge TPU"]
    in_float = [o for o in parsed.operators if "FLOAT32" in {parsed.type(t) for t in (o.inputs[0], o.outputs[0])}]
    assert ethos.taken == len(parsed.operators) - len(in_float)
    assert 0.9 < ethos.work < 1 and {"DEQUANTIZE"} == set(ethos.outside["operator"])
    assert (edge.taken, edge.work) == (0, 0)
    assert edge.outside["all after it"] == [parsed.operators[0].name]


def test_strides_and_widths_beyond_a_limit_are_named(flatbuffers, changed):
    def with_wide_strides(model, names):
        for operator in model.subgraphs[0].operators:
            code = model.operatorCodes[operator.opcodeIndex]
            if names[max(code.builtinCode, code.deprecatedBuiltinCode)] == "DEPTHWISE_CONV_2D":
                operator.builtinOptions.strideH = 7

    before, after = (by_name(f) for f in (flatbuffers["int8"], changed(flatbuffers["int8"], with_wide_strides)))
    for name in ("Arm Ethos-U55, U65", INTEGERS[-1]):
        assert after[name].taken < before[name].taken
        assert "DEPTHWISE_CONV_2D" in after[name].outside["stride above 3"]
    assert after["Arm Ethos-U85"].taken == before["Arm Ethos-U85"].taken
    assert "DEPTHWISE_CONV_2D" in before[INTEGERS[-1]].outside["width other than 3"]
