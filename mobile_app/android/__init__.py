"""Android: camera, LiteRT's Java library, phone services, and packaging.

These modules import pyjnius, which no desktop needs. `packaging` runs on a desktop only.
"""
