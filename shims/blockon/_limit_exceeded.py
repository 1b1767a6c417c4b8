"""What code of a request sees when the request is over a limit."""

from __future__ import annotations

__all__ = ["LimitExceeded"]


class LimitExceeded(BaseException):
    """The request has used up its processor time or its time: ``finally`` clauses may clean up, briefly.

    A ``BaseException``, so that ``except Exception`` does not go on with a request that nobody waits for.
    """


LimitExceeded.__module__ = "blockon"
