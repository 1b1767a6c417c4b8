"""Handlers by the paths that they are for, and what they share."""

routes = {}
seen = []


def at(path):
    def register(function):
        routes[path] = function
        return function

    return register


def told(call, *arguments, **options):
    """What a call raises."""
    try:
        return {"returned": repr(call(*arguments, **options))}
    except Exception as error:
        return {type(error).__name__: str(error)}
