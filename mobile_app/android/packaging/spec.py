"""buildozer.spec; the additions to Android's manifest lie in the folder `manifest`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from triage.errors import UnusableInput

MARK = "# Written by `skin-distill package android`"
"""First line of every spec written here; only folders with such a spec are overwritten."""

LITERT = "com.google.ai.edge.litert:litert:1.4.1"
"""The last version with org.tensorflow.lite.Interpreter. Since 1.4.0 its library is aligned to 16 KB pages
(google-ai-edge/LiteRT issue 43) and its API package must be listed too (issue 2752)."""
LITERT_API = "com.google.ai.edge.litert:litert-api:1.4.1"
ANDROIDX_CORE = "androidx.core:core:1.13.1"
"""Contains FileProvider, which shares single files with other apps."""
TARGET_API = 36
"""Android 16."""
MIN_API = 26
"""Android 8, required by LiteRT 1.4 (google-ai-edge/LiteRT issue 3274); NumPy needs 24."""
NDK = "28c"
"""Recommended by python-for-android 2026.05.09; since 28 it aligns libraries to 16 KB pages."""
PYTHON_FOR_ANDROID = "v2026.05.09"
ARCHITECTURE = "arm64-v8a"
ICON_BACKGROUND = "#0B6A64"
"""The app's accent colour, also shown while it starts."""

_TITLE = re.compile(r"[^\W_](?:[\w .-]{0,28}[\w.])?")
_IDENTITY = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_VERSION = re.compile(r"\d+(?:\.\d+){0,2}")


@dataclass(frozen=True)
class Identity:
    """Names of the app.

    Attributes:
        title: below its icon; at most 30 letters, digits, spaces, dots and hyphens.
        package: Android package name, such as org.example.skin; it can never change after publication.
        version: up to three numbers separated by dots.
    """

    title: str
    package: str
    version: str

    def __post_init__(self) -> None:
        for value, pattern, what in (
            (self.title, _TITLE, "title must have at most 30 letters, digits, spaces, dots and hyphens"),
            (self.package, _IDENTITY, "package must be lowercase with at least one dot, such as org.example.skin"),
            (self.version, _VERSION, "version must be up to three numbers separated by dots"),
        ):
            if not pattern.fullmatch(value):
                raise UnusableInput(f"The {what}. Received: {value!r}.")


def spec_text(identity: Identity, requirements: Sequence[str]) -> str:
    """Return the contents of buildozer.spec, with the given python-for-android and pip requirements."""
    domain, name = identity.package.rsplit(".", 1)
    return f"""{MARK}, which overwrites it each time.
# Build with `buildozer android debug` in this folder.

[app]
title = {identity.title}
package.name = {name}
package.domain = {domain}
version = {identity.version}
source.dir = app
requirements = {",".join(requirements)}
orientation = portrait, landscape, landscape-reverse
fullscreen = 0
icon.filename = images/icon.png
icon.adaptive_foreground.filename = images/icon_foreground.png
icon.adaptive_background.filename = images/icon_background.png
presplash.filename = images/start.png
android.presplash_color = {ICON_BACKGROUND}

android.archs = {ARCHITECTURE}
android.api = {TARGET_API}
android.minapi = {MIN_API}
android.ndk_api = {MIN_API}
# Aligns libraries to 16 KB pages.
android.ndk = {NDK}

# The camera only: no network.
android.permissions = android.permission.CAMERA
android.allow_backup = False
android.res_xml = manifest/data_extraction_rules.xml, manifest/shared_files.xml
android.extra_manifest_xml = manifest/extra_manifest.xml
# Android 16: the back gesture would leave the app from every screen; SDL 2 sees it as a key only (SDL issue 13794).
android.extra_manifest_application_arguments = manifest/application_arguments.xml

android.add_src = java
android.gradle_dependencies = {LITERT}, {LITERT_API}, {ANDROIDX_CORE}
android.enable_androidx = True
android.release_artifact = aab
android.debug_artifact = apk
android.logcat_filters = *:S python:D

p4a.bootstrap = sdl2
p4a.branch = master
p4a.commit = {PYTHON_FOR_ANDROID}
p4a.hook = manifest/manifest_hook.py

[buildozer]
log_level = 2
warn_on_root = 1
"""
