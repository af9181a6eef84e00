"""A python-for-android hook for what its templates have no place for.

It adds a <provider> to the Android manifest, so that shared files can be read, and to the icon a layer in one colour,
which Android 13 tints to match the wallpaper: its shapes are those of the foreground. It runs in
Gradle's project folder.
"""

from pathlib import Path
from typing import Any

MANIFEST = Path("src/main/AndroidManifest.xml")
ICON = Path("src/main/res/mipmap-anydpi-v26/icon.xml")
PROVIDER = """
        <provider android:name="androidx.core.content.FileProvider"
                  android:authorities="${applicationId}.shared"
                  android:exported="false"
                  android:grantUriPermissions="true">
            <meta-data android:name="android.support.FILE_PROVIDER_PATHS" android:resource="@xml/shared_files"/>
        </provider>
"""
MONOCHROME = """    <monochrome android:drawable="@mipmap/icon_foreground"/>
"""


def after_apk_build(_: Any) -> None:
    """Add both; python-for-android may have left the files of an earlier build."""
    for path, addition, end in ((MANIFEST, PROVIDER, "</application>"), (ICON, MONOCHROME, "</adaptive-icon>")):
        before, found, after = path.read_text(encoding="utf-8").rpartition(end)
        if not found:
            raise RuntimeError(f"{path.resolve()} has no {end}: python-for-android's template has changed")
        if addition not in before:
            path.write_text(before + addition + found + after, encoding="utf-8")
