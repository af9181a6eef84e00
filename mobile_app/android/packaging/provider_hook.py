"""A hook of python-for-android, which runs it in the folder that Gradle is about to build.

Its template of the manifest has no place for a <provider>, without which no other app can read a shared file.
"""

from pathlib import Path
from typing import Any

MANIFEST = Path("src/main/AndroidManifest.xml")
PROVIDER = """
        <provider android:name="androidx.core.content.FileProvider"
                  android:authorities="${applicationId}.shared"
                  android:exported="false"
                  android:grantUriPermissions="true">
            <meta-data android:name="android.support.FILE_PROVIDER_PATHS" android:resource="@xml/shared_files"/>
        </provider>
"""
_END = "</application>"


def after_apk_build(_: Any) -> None:
    """Put the provider into the manifest that has just been written."""
    before, end, after = MANIFEST.read_text(encoding="utf-8").rpartition(_END)
    if not end:
        raise RuntimeError(f"{MANIFEST.resolve()} has no {_END}: python-for-android writes it otherwise now")
    if PROVIDER not in before:
        MANIFEST.write_text(before + PROVIDER + end + after, encoding="utf-8")
