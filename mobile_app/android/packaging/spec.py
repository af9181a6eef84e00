"""The files that tell buildozer and Android what the app is: buildozer.spec and three pieces of XML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mobile_app.android.packaging import pictures
from mobile_app.phone import SHARED
from mobile_app.settings import data_folder
from triage.errors import UnusableInput

MARK = "# Written by `skin-distill package android`"
"""First words of every spec written here; a folder is written over only where its spec begins so."""

LITERT = "com.google.ai.edge.litert:litert:1.4.1"
"""The last one with org.tensorflow.lite.Interpreter, which 2.x no longer has. From 1.4.0 on its library is aligned to
16 KB (google-ai-edge/LiteRT issue 43), and it needs its own API package named beside it (issue 2752)."""
LITERT_API = "com.google.ai.edge.litert:litert-api:1.4.1"
ANDROIDX_CORE = "androidx.core:core:1.13.1"
"""With FileProvider, which hands one file to another app."""
TARGET_API = 36
"""Android 16."""
LEAST_API = 26
"""Android 8: LiteRT 1.4's library cannot be loaded before it (google-ai-edge/LiteRT issue 3274); NumPy needs 24."""
NDK = "28c"
"""What python-for-android 2026.05.09 recommends; from 28 on libraries are aligned to 16 KB pages by themselves."""
PYTHON_FOR_ANDROID = "v2026.05.09"
ARCHITECTURE = "arm64-v8a"

_TITLE = re.compile(r"[^\W_](?:[\w .-]{0,28}[\w.])?")
_IDENTITY = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_VERSION = re.compile(r"\d+(?:\.\d+){0,2}")


@dataclass(frozen=True)
class Identity:
    """Who the app is.

    Attributes:
        title: beneath its icon; letters, digits, spaces, dots and hyphens, at most 30.
        package: Android's name for it, such as org.example.skin: never to be changed once it is published.
        version: numbers with dots between them.
    """

    title: str
    package: str
    version: str

    def __post_init__(self) -> None:
        for value, pattern, what in (
            (self.title, _TITLE, "The title is of letters, digits, spaces, dots and hyphens, at most 30"),
            (
                self.package,
                _IDENTITY,
                "The package is of small letters, with at least one dot, such as org.example.skin",
            ),
            (self.version, _VERSION, "The version is of up to three numbers with dots between them"),
        ):
            if not pattern.fullmatch(value):
                raise UnusableInput(f"{what}. Received: {value!r}.")


def spec_text(identity: Identity, requirements: Sequence[str]) -> str:
    """Contents of buildozer.spec.

    Args:
        identity: of the app.
        requirements: recipes of python-for-android and names for pip.
    """
    domain, name = identity.package.rsplit(".", 1)
    return f"""{MARK}, which writes it anew each time.
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
icon.filename = pictures/icon.png
icon.adaptive_foreground.filename = pictures/icon_foreground.png
icon.adaptive_background.filename = pictures/icon_background.png
presplash.filename = pictures/start.png
android.presplash_color = {pictures.ground_code()}

android.archs = {ARCHITECTURE}
android.api = {TARGET_API}
android.minapi = {LEAST_API}
android.ndk_api = {LEAST_API}
# Aligns libraries to pages of 16 KB.
android.ndk = {NDK}

# The camera, and nothing else: no network.
android.permissions = android.permission.CAMERA
android.allow_backup = False
android.res_xml = manifest/data_extraction_rules.xml, manifest/shared_files.xml
android.extra_manifest_xml = manifest/extra_manifest.xml
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
p4a.hook = manifest/provider_hook.py

[buildozer]
log_level = 2
warn_on_root = 1
"""


def extra_manifest() -> str:
    """Into <manifest>: a camera is needed, and the phone's voice must be visible to be used.

    Any camera will do: the permission alone would mean one at the back that focuses. Permissions of the network are
    taken out should a library bring them.
    """
    removed = "\n".join(
        f'<uses-permission xmlns:tools="http://schemas.android.com/tools" android:name="android.permission.{name}" '
        'tools:node="remove" />'
        for name in ("INTERNET", "ACCESS_NETWORK_STATE")
    )
    camera = "\n".join(
        f'<uses-feature android:name="{name}" android:required="{required}" />'
        for name, required in (
            ("android.hardware.camera.any", "true"),
            ("android.hardware.camera", "false"),
            ("android.hardware.camera.autofocus", "false"),
        )
    )
    voice = '<queries><intent><action android:name="android.intent.action.TTS_SERVICE" /></intent></queries>'
    return f"{camera}\n{voice}\n{removed}\n"


def application_arguments() -> str:
    """Into <application>.

    From Android 12 on, moving to another phone is a matter of these rules, not of backups. From Android 16 on the way
    back would leave the app from every screen: SDL 2 hears of it as a key alone (SDL's issue 13794).
    """
    return (
        'android:dataExtractionRules="@xml/data_extraction_rules" android:fullBackupContent="false" '
        'android:enableOnBackInvokedCallback="false"\n'
    )


def shared_files() -> str:
    """The only folder, within the app's own, of which another app can be given a file."""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<paths>
  <files-path name="{SHARED}" path="{data_folder().name}/{SHARED}/" />
</paths>
"""


def data_extraction_rules() -> str:
    """Rules by which nothing leaves the phone, neither to a cloud nor to a new phone."""
    domains = ("root", "file", "database", "sharedpref", "external")
    excluded = "\n".join(f'    <exclude domain="{domain}" path="." />' for domain in domains)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<data-extraction-rules>
  <cloud-backup>
{excluded}
  </cloud-backup>
  <device-transfer>
{excluded}
  </device-transfer>
</data-extraction-rules>
"""
