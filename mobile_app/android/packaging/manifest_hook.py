"""A python-for-android hook that adds a <provider> to the Android manifest, so that shared files can be read.

python-for-android's manifest template has no place for one. The hook runs in Gradle's project folder.
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
    """Add the provider to the manifest."""
    before, end, after = MANIFEST.read_text(encoding="utf-8").rpartition(_END)
    if not end:
        raise RuntimeError(f"{MANIFEST.resolve()} has no {_END}: python-for-android's template has changed")
    if PROVIDER not in before:
        MANIFEST.write_text(before + PROVIDER + end + after, encoding="utf-8")
