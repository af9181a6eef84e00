"""Writes a buildozer project. Runs on a desktop; not part of the packaged app."""
