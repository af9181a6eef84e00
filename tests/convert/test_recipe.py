import pytest

from convert.recipe import ClusteringRecipe, ConvertRecipe, PruningRecipe, convert_recipe
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
        ({"representative": {"count": 0}}, "a count and a ratio above 0"),
        ({"variants": ["int7"]}, "int7"),
        ({"pruning": {"sparsity": 1.0}}, "sparsity"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_its_place(tmp_path, section, said):
    run = RunFolder("r", tmp_path)
    run.write_config({"convert": section})
    with pytest.raises(UnusableInput, match=said):
        convert_recipe(run)


def test_what_a_section_leaves_out_has_its_default(tmp_path):
    run = RunFolder("r", tmp_path)
    run.write_config({"convert": {"gates": {"agreement": 0.9, "largest_change": None}, "pruning": {"sparsity": 0.1}}})
    recipe = convert_recipe(run)
    assert recipe.gates.agreement == 0.9
    assert recipe.pruning == PruningRecipe(sparsity=0.1)
    assert recipe.variants == ConvertRecipe().variants
    run.write_config({"convert": {}})
    assert convert_recipe(run) == ConvertRecipe()


def test_options_that_cannot_work_are_refused():
    with pytest.raises(UnusableInput, match="sparsity"):
        PruningRecipe(sparsity=1.0)
    with pytest.raises(UnusableInput, match="clusters"):
        ClusteringRecipe(clusters=1)
