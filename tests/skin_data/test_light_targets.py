import numpy as np
import pandas as pd

from skin_data.batches import light_targets
from triage.lighting import FEATURE_NAMES


def test_measures_are_standardised_over_the_photos_that_have_them():
    random = np.random.default_rng(0)
    table = pd.DataFrame({f"light_{name}": random.normal(5, 3, 200) for name in FEATURE_NAMES})
    table.loc[0, "light_exposure"] = 1e3
    table["light_clipped"] = 0.25
    table.loc[7, "light_noise"] = np.nan
    targets, known = light_targets(table)
    assert targets.shape == (200, 14)
    assert targets.dtype == known.dtype == np.float32
    assert known.tolist() == [number != 7 for number in range(200)]
    assert not targets[7].any()
    column = FEATURE_NAMES.index("sharpness")
    measured = table["light_sharpness"].drop(7)
    np.testing.assert_allclose(
        np.delete(targets[:, column], 7), (measured - measured.mean()) / measured.std(ddof=0), rtol=1e-5
    )
    assert targets[0, FEATURE_NAMES.index("exposure")] == 4
    assert not targets[:, FEATURE_NAMES.index("clipped")].any()


def test_a_table_without_measures_has_weight_zero():
    targets, known = light_targets(pd.DataFrame({"image_path": ["a.jpg", "b.jpg"]}))
    assert targets.shape == (2, 14)
    assert not known.any()
