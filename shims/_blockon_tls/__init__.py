"""TLS for Python by the engine's OpenSSL: what the modules ssl and _ssl of the distribution are made of.

``_calls`` talks to the engine, ``_errors`` makes exceptions of what it answers, and most others have a class.
That belongs to ssl by its name. None is a part of the package blockon, since asyncio imports ssl before there is one.
"""
