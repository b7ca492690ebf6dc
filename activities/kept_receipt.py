"""The receipt of a job as it lies in the store: what stays of a finished job."""

from __future__ import annotations

from typing import Any, cast

from activities.services import newer_version
from reelbrush.job import WorkNames
from reelbrush.job.codec import read_object
from reelbrush.job.names import OUTPUT, WORK
from reelbrush.job.versions import RECEIPT, NewerVersion
from reelbrush.store import Store, read_if_there

# what has to be of which kind where it is there
_KINDS: dict[str, type] = {
    "job": dict,
    "result": dict,
    "frames": int,
    "retries": int,
    "evictions": int,
    "batches": list,
    "cost": dict,
    "quote": dict,
    "seconds": dict,
    "flicker": dict,
}


def kept_receipt(store: Store, job: str) -> dict[str, Any] | None:
    """Return the receipt of a job, None where there is none, or none that anybody can read.

    Raises StoreError (`newer-version`) when a newer release can.
    """
    text = read_if_there(store, WORK, WorkNames(job).receipt)
    try:
        receipt = None if text is None else read_object("the job's receipt", text, RECEIPT)
    except NewerVersion as error:
        raise newer_version(error) from None
    except ValueError:
        return None
    if receipt is None or any(
        name in receipt and not isinstance(receipt[name], _KINDS[name]) for name in _KINDS
    ):
        return None
    result = cast("dict[str, Any]", receipt.setdefault("result", {}))
    # links are made of it: nobody may put another's blob there
    own = str(result.get("blob", f"{OUTPUT}/{job}/")).startswith(f"{OUTPUT}/{job}/")
    return receipt if own else None
