"""Path patterns of blob triggers, such as `input/{name}` or `input/{style}/{title}.mp4`."""

from __future__ import annotations

import re

from reelbrush.errors import HostError


class BlobPath:
    """A parsed pattern. A parameter in braces matches any text, slashes too, as in the WebJobs SDK."""

    def __init__(self, pattern: str) -> None:
        """Parse `<container>/<pattern of the blob's name>`; a container alone matches all its blobs.

        Raises:
            HostError: the container is missing or is a parameter.
        """
        self.container, _, name = pattern.partition("/")
        if not self.container or "{" in self.container:
            raise HostError(f"the blob path '{pattern}' must begin with the name of a container")
        pieces = re.split(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", name or "{name}")
        expression = "".join(f"(?P<{p}>.*)" if i % 2 else re.escape(p) for i, p in enumerate(pieces))
        try:
            self._regex = re.compile(expression, re.DOTALL)
        except re.error as error:
            raise HostError(f"the blob path '{pattern}' cannot be understood: {error}") from error

    def matches(self, name: str) -> bool:
        """Tell whether a blob of the container has a name of this pattern."""
        return self._regex.fullmatch(name) is not None
