"""The camera app: better light first, then an answer. It imports `triage` only and contains no network code.

Modules at this level know nothing of the screen; `mobile_app.ui` draws with Kivy, `mobile_app.android` is for phones.
"""
