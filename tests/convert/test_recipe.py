import pytest

from convert.recipe import convert_recipe, read_section
from convert.variants.integer import QATRecipe
from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"gates": {"agreemnt": 0.9}}, r"convert\.gates: unknown key.*agreemnt"),
        ({"gates": {"tone_loss": None}}, r"convert\.gates\.tone_loss: .*None"),
        ({"gates": {"agreement": "high"}}, r"convert\.gates\.agreement: .*high"),
        ({"quantisation_aware": {}}, r"convert: unknown key.*quantisation_aware"),
        ({"representative": {"outlier": 3}}, r"convert\.representative: unknown key"),
        ({"representative": {"count": 0}}, "count must be at least 1"),
        ({"variants": ["int7"]}, "int7"),
        ({"quantization_aware": {"epoch": 1}}, r"convert\.quantization_aware: unknown key"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_its_place(tmp_path, section, said):
    run = RunFolder("r", tmp_path)
    run.write_config({"convert": section})
    with pytest.raises(UnusableInput, match=said):
        convert_recipe(run)


def test_what_a_section_leaves_out_has_its_default(tmp_path):
    run, default = RunFolder("r", tmp_path), read_section({}, "convert")
    changed = {"agreement": 0.9, "largest_change": None}
    run.write_config({"convert": {"gates": changed, "quantization_aware": {"epochs": 2}}})
    recipe = convert_recipe(run)
    assert recipe.gates.agreement == 0.9
    assert recipe.quantization_aware == QATRecipe(epochs=2)
    assert recipe.variants == default.variants
    run.write_config({"convert": {}})
    assert convert_recipe(run).shared_options() == default.shared_options()
