"""Skin phantoms: synthetic pictures of skin with lesions whose every truth is known.

In the spirit of S-SYNTH (Kim et al. 2024): skin from chromophores, ten lesion archetypes, hair and texture, then the
light and the camera. They show that a pipeline works. They show nothing about real skin.
"""

from skin_data.phantom.render import PhantomTruth, contact_sheet, render_phantom
from skin_data.phantom.scenes import SCENES, SceneTruth, render_scene

__all__ = ["SCENES", "PhantomTruth", "SceneTruth", "contact_sheet", "render_phantom", "render_scene"]
