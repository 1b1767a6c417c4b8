"""A name that aiohttp's filters of warnings look into."""


class CoverageWarning(Warning):
    pass
