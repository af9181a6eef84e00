"""What only a phone needs: its camera, LiteRT's Java library, and how the app becomes a buildozer project.

Java is reached through pyjnius, which these modules import and no desktop needs. `packaging` is the other way round:
it runs on a desktop and never on a phone.
"""
