"""The camera app: first better light, then an answer. It stands on `triage` alone and holds no network code.

`mobile_app.live`, `answering`, `keeping`, `settings` and `device_benchmark` are the engine and know no screen;
`mobile_app.ui` draws.
"""
