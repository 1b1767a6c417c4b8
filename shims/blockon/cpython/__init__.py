"""Workers of the Pythonic API on plain CPython, under any ASGI server: for tests and debuggers, or without blockon.

    python -m blockon.cpython FOLDER               # by uvicorn, which has to be installed
    app = blockon.cpython.app_of("FOLDER")         # an ASGI application

What differs from the runtime is in docs/api.md, "On CPython".
"""

from ._app import app_of
from ._config import ConfigError

__all__ = ["ConfigError", "app_of"]
