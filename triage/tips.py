"""What to tell a person about the light, in words. All of it stands here, ready for translation."""

from dataclasses import dataclass

from triage.lighting import LightingVerdict


@dataclass(frozen=True)
class Tip:
    """One piece of advice.

    Attributes:
        headline: what is wrong, a few words.
        advice: what to do about it, one sentence.
    """

    headline: str
    advice: str

    def __str__(self) -> str:
        return f"{self.headline}: {self.advice}"


# Reason id -> tip. `no_skin`, `too_far` and those of the spot are for a live preview; `poor_light` is for photos whose
# measured features are fine while the model itself finds the light poor.
TIPS = {
    "too_dark": Tip("Too dark", "face a window or turn on more light, and keep your own shadow off the skin."),
    "too_bright": Tip("Too bright", "move out of direct sun or further from the lamp, and switch the flash off."),
    "glare": Tip("Glare", "tilt the phone or the lamp until the shiny spot is gone, and switch the flash off."),
    "uneven": Tip("Uneven light", "turn so that the light falls on the whole area from the front."),
    "blurry": Tip("Blurry", "hold still, and wipe the lens."),
    "colour_cast": Tip("Coloured light", "use daylight from a window or a white lamp, away from coloured walls."),
    "no_skin": Tip("No skin in view", "point the camera at the skin and fill the frame with it."),
    "too_far": Tip("Too far", "move closer until the spot fills about a third of the frame."),
    "spot_small": Tip("Move closer", "the spot fills less than a tenth of the frame."),
    "spot_cut": Tip("Move back", "the spot is cut by the frame."),
    "spot_aside": Tip("Centre the spot", "put it in the middle of the frame."),
    "poor_light": Tip("Light could be better", "try again near a window, with soft light from the front."),
}


def tips_for(verdict: LightingVerdict) -> list[Tip]:
    """The tips for a verdict, most serious first; none when the light is good."""
    return [TIPS[reason] for reason in verdict.reasons]
