"""Objects that are not copied when they are sent to another Worker, but called from there."""

from __future__ import annotations

__all__ = ["RpcTarget"]


class RpcTarget:
    """What a Worker passes or returns by reference: who gets it calls its public methods, and awaits what they return.

    As Cloudflare's class of that name for JavaScript. Methods whose names begin with an underscore, and what an
    instance holds, cannot be reached.
    """

    # What the realm looks for (runtime/realm/84-values.js).
    __rpc_target__ = True
