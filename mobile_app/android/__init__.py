"""What only a phone needs: its camera, LiteRT's Java library, and how the app becomes a buildozer project.

Python for Android starts Java first. Java's classes are reached through pyjnius, which here and in `packaging` is
imported by no desktop.
"""
