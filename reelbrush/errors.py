"""The product's errors.

ReelbrushError                 says what happened, to what, whether retrying helps, and what to do
├── Refusal                    the input cannot be served; a result with a reason, never a crash
├── SourceDamaged              frames promised by the index do not decode; a careful split is needed
├── StyleError                 the style is unknown or its model breaks its contract
├── SettingsError              one error that lists every problem of the configuration
├── StoreError                 a blob is missing, or the store cannot be reached
├── ComputeError               the cluster refused a run, cannot be reached, or keeps runs from starting
├── ScoringError               a run ended without proving its segments
├── StitchError                the ledger is incomplete or the output fails verification
├── HostError                  the embedded host cannot load or run the app
└── ApiError                   the app's HTTP API refused a call, or did not answer it
"""

from __future__ import annotations


class ReelbrushError(Exception):
    """Base of all errors of the product.

    `message` says what happened and to what; `advice` says what to do about it. `retryable` is True when the
    same call may succeed later without any change. `stderr` holds the last lines of a failed process.
    """

    code = "internal"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        advice: str = "",
        stderr: str = "",
        retryable: bool | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.stderr = stderr
        if retryable is not None:
            self.retryable = retryable
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        parts = [self.message]
        if self.stderr:
            parts.append("last lines: " + " / ".join(self.stderr.strip().splitlines()[-20:]))
        if self.advice:
            parts.append(self.advice)
        return ". ".join(part.rstrip(".") for part in parts)


class Refusal(ReelbrushError):
    """The input cannot be served. `code` is a stable word such as `no-video`, `encrypted`, `too-large`."""

    code = "refused"


class SourceDamaged(ReelbrushError):
    """Frames that the packet index promised do not decode; splitting carefully (by decoding) may help."""

    code = "source-damaged"


class StyleError(ReelbrushError):
    """The style is unknown, or its model does not keep the contract that its card states."""

    code = "style"


class SettingsError(ReelbrushError):
    """The configuration is unusable; the message lists every problem found."""

    code = "settings"


class StoreError(ReelbrushError):
    """A blob is missing or the store cannot be reached."""

    code = "store"
    retryable = True


class ComputeError(ReelbrushError):
    """The compute backend refused a run, cannot be reached or keeps runs from starting.

    `code` is a stable word of `reelbrush.compute.causes`, such as `quota`, `cluster-missing`, `image`.
    """

    code = "compute"
    retryable = True


class ScoringError(ReelbrushError):
    """A run on the compute backend ended without publishing all segments of its batch."""

    code = "scoring"
    retryable = True


class StitchError(ReelbrushError):
    """The ledger is incomplete, or the stitched output does not verify."""

    code = "stitch"


class HostError(ReelbrushError):
    """The embedded host cannot load the app, open its database or serve."""

    code = "host"


class ApiError(ReelbrushError):
    """The app's HTTP API refused a call: `status` is the answer's, 0 when none came."""

    code = "api"

    def __init__(self, message: str, *, status: int = 0, code: str | None = None, advice: str = "") -> None:
        super().__init__(message, advice=advice, code=code, retryable=status == 0 or status >= 500)
        self.status = status
