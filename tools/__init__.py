"""The parts of ./dev: Python's standard library only, since it runs before anything is installed."""
