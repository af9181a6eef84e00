"""The teacher: backbones and the phases that train them."""
