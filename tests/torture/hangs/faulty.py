"""`python faulty.py STAGE KIND FIRST ARGUMENTS...`: `python -m scoring ARGUMENTS...` with a stage that
raises.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from scoring.__main__ import main
from tests.torture.hangs.faults import Fault

stage, kind, first = sys.argv[1:4]
sys.argv[1:4] = []
with Fault(stage, kind, int(first), 1000).placed():
    sys.exit(main())
