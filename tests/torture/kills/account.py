"""An Azurite that goes away and comes back on the same address with the same blobs."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.azurite_account import azurite_command, connection_string, wait_for_azurite

_SAVED_SECONDS = 6.0  # Azurite writes its database every five seconds


class Account:
    """A storage account; one for all of its life, whatever process serves it."""

    def __init__(self, folder: Path) -> None:
        """Start Azurite on `folder`; skips the test where there is none."""
        self.port, self._command = azurite_command(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def connection(self) -> str:
        """The connection string, the same for all its life."""
        return connection_string(self.port)

    def start(self) -> None:
        """Serve the account and return when it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_azurite(self._process, self.port)
        except TimeoutError:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def saved(self) -> None:
        """Wait until what it acknowledged is on its disk; a real account never forgets that.

        Nobody may write in the meantime.
        """
        time.sleep(_SAVED_SECONDS)
