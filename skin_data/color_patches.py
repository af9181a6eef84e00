"""Published colours on which a colour calibration is checked; sRGB, 8 bit."""

import numpy as np

COLOR_CHECKER = np.array([
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
], np.uint8)  # fmt: skip
"""The 24 patches of the ColorChecker Classic, row by row from "dark skin" to "black" (X-Rite's published values)."""

MONK_SKIN_TONES = np.array([
    (0xF6, 0xED, 0xE4), (0xF3, 0xE7, 0xDB), (0xF7, 0xEA, 0xD0), (0xEA, 0xDA, 0xBA), (0xD7, 0xBD, 0x96),
    (0xA0, 0x7E, 0x56), (0x82, 0x5C, 0x43), (0x60, 0x41, 0x34), (0x3A, 0x31, 0x2A), (0x29, 0x24, 0x20),
], np.uint8)  # fmt: skip
"""The ten tones of the Monk Skin Tone scale, light to dark (Monk 2022, as published by Google)."""
