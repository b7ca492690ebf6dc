# The Functions tooling looks for this file; Python imports the package of the same name beside it.
from function_app import app

__all__ = ["app"]
