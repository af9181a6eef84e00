import pytest
import yaml

from distill.recipe import DistillRecipe
from skin_distill.recipes import recipe_names, recipe_path
from skin_training.recipe import TeacherRecipe, from_mapping, read_recipe, to_mapping
from triage.errors import UnusableInput

PHASE = "{name: a, trains: heads, epochs: 1, learning_rate: 1.0e-3}"


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_reads_and_survives_a_round_trip(name):
    whole = yaml.safe_load(recipe_path(name).read_text())
    kinds = {"teacher": TeacherRecipe, "distill": DistillRecipe}
    sections = [section for section in kinds if section in whole]
    assert sections
    for section in sections:
        recipe, _ = read_recipe(recipe_path(name), section, kinds[section])
        assert from_mapping(kinds[section], to_mapping(recipe), name) == recipe


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("teacher: {phases: [], backbon: resnet50}", ["backbon", "backbone"]),
        (
            "teacher: {phases: [{name: A, trains: all, epochs: 1, learning_rate: 1, mixupp: 0.1}]}",
            ["phases[0]", "mixupp"],
        ),
        ("teacher: {phases: [], views: {zom: 2}}", ["teacher.views", "zom", "zoom"]),
        ("teacher: {backbone: resnet50}", ["phases"]),
        (f"teacher: {{phases: [{PHASE}, {PHASE}]}}", ["a, a"]),
        ("teacher: {phases: [{name: A, trains: everything, epochs: 1, learning_rate: 0.1}]}", ["'A'", "everything"]),
        ("teacher: {phases: [], batch_size: many}", ["teacher.batch_size", "many"]),
        ("teacher: {phases: [], batch_size: 1.0}", ["teacher.batch_size", "1.0"]),
        ("teacher: {phases: [], backbone: 2025-01-01, seed: true}", ["teacher.seed", "True"]),
        ("teacher: {phases: [], views: {zoom: [1, 2, 3]}, weights: 3}", ["views.zoom", "[1, 2, 3]", "teacher.weights"]),
        ("distill: {}", ["'teacher'", "distill"]),
        ("teacher: [", []),
    ],
)
def test_a_wrong_recipe_names_file_key_and_value(tmp_path, text, named):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(UnusableInput) as refused:
        read_recipe(path, "teacher", TeacherRecipe)
    assert all(words in str(refused.value) for words in [str(path), *named])


def test_scientific_notation_without_a_dot_is_a_number(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("teacher: {phases: [{name: A, trains: heads, epochs: 1, learning_rate: 1e-3}]}")
    recipe, _ = read_recipe(path, "teacher", TeacherRecipe)
    assert recipe.phases[0].learning_rate == 1e-3


@pytest.mark.parametrize("name", ["no-such-recipe", "my-recipes/demo.yaml", "/my-recipes/demo.yaml"])
def test_an_unknown_recipe_names_the_known_ones(name):
    with pytest.raises(UnusableInput, match="one of: demo, "):
        recipe_path(name)


def test_a_recipe_that_travels_along_is_known_by_its_name_or_its_files():
    assert recipe_path("demo") == recipe_path("demo.yaml")
