"""A client's own tests in the runtime, or on CPython for comparison; the servers that they ask are outside of both."""
