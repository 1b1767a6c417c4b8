"""The servers of the clients' own tests, outside of the runtime, in CPython on the host."""
