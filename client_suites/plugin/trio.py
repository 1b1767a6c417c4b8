"""A name that httpx's tests import and its filters of warnings look into: trio's event loop needs epoll."""


class TrioDeprecationWarning(DeprecationWarning):
    pass
