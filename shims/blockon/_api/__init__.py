"""The Pythonic API of Workers: what `from blockon import Request` gives. docs/api.md

Nothing here knows of JavaScript, nor of this runtime: a host (`host.py`) brings both. There are two, the runtime's
(blockon._realm_api) and that of CPython (blockon.cpython).
"""
