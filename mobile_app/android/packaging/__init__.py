"""From this checkout to a buildozer project. Runs on a desktop; not part of what it packages."""
