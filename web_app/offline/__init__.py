"""The offline page: static files that run a release file in the browser."""
