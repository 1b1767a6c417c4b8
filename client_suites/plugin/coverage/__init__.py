"""A name that aiohttp's filters of warnings look into."""
