"""./dev test --upstream: the clients' own test suites inside the runtime, and on CPython for comparison.

What the suites are, and what of them cannot pass, is data in client_suites/; so is the code that runs with the tests.
"""
