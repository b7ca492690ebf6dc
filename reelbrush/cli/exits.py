"""Exit codes of the commands that bring a job somewhere."""

from __future__ import annotations

OK = 0
FAILED = 1  # the job failed or was canceled, or the app refused what was asked
USAGE = 2
NOT_FOUND = 3
UNREACHABLE = 4  # no answer, no permission, or a host that cannot be started
TIMED_OUT = 5  # only the watching; the job goes on
INTERRUPTED = 130
