"""Render the phantoms of the app's demo stream.

    python docs/make_app_phantoms.py

Writes JPEGs to `mobile_app/assets/phantoms/`, lightest skin first. The app relights them
(`mobile_app/sources/moving_light.py`), so the chosen ones are well lit, with the lesion inside the frame, and well
within the limits of `triage.lighting`: sharpness over 2.1, green over blue under 1.65 stops.
"""

from pathlib import Path

import cv2

from skin_data.phantom import render_phantom
from triage.lighting import judge_lighting, measure_lighting

FOLDER = Path(__file__).parents[1] / "mobile_app" / "assets" / "phantoms"
SERIES, SIDE = 2024, 1280
WIDTH, HEIGHT = 1280, 720
QUALITY = 75
CHOSEN = (2664, 93, 1477, 1431, 1827, 764)
"""Indices in the series: a nevus, a basal cell carcinoma, seborrheic keratoses, a melanoma, seborrheic keratoses and a
nevus on skin of ITA 52, 48, 33, 18, -11 and -46 degrees."""


def main() -> None:
    """Write the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for number, index in enumerate(CHOSEN):
        whole, truth = render_phantom(SERIES, index, SIDE)
        top = (SIDE - HEIGHT) // 2
        picture = whole[top : top + HEIGHT, :WIDTH]
        path = FOLDER / f"{number}-{truth.diagnosis}.jpg"
        cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        light = measure_lighting(picture)
        print(
            f"{path.name}: ITA {truth.ita:.0f}, {path.stat().st_size / 1000:.0f} kB, {judge_lighting(light)}, "
            f"sharpness {light.sharpness:.2f}, green over blue {light.green_blue:.2f}"
        )


if __name__ == "__main__":
    main()
