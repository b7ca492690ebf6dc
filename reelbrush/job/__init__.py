"""The product's words: job, segment, batch, run, ledger; ids, blob names, JSON. Standard library only."""

from reelbrush.job.codec import from_json, to_json
from reelbrush.job.ids import ATTEMPTS, BlobRef, Job, job_id, run_id, slug
from reelbrush.job.ledger import FlickerSums, LedgerPage, timestamps_hash
from reelbrush.job.manifest import Colour, EncodeSettings, Manifest, Media, Segment, Video
from reelbrush.job.names import (
    WorkNames,
    ended_name,
    index_name,
    output_name,
    stamped_job,
    stamped_jobs,
    starts_job,
    style_of_upload,
    swept_name,
    ticket_name,
)
from reelbrush.job.options import Options, option_problems
from reelbrush.job.plan import Batch, plan_batches
from reelbrush.job.progress import BatchProgress, BatchState
from reelbrush.job.wishes import chosen_wishes, parse_options, wishes_of

__all__ = [
    "ATTEMPTS",
    "Batch",
    "BatchProgress",
    "BatchState",
    "BlobRef",
    "Colour",
    "EncodeSettings",
    "FlickerSums",
    "Job",
    "LedgerPage",
    "Manifest",
    "Media",
    "Options",
    "Segment",
    "Video",
    "WorkNames",
    "chosen_wishes",
    "ended_name",
    "from_json",
    "index_name",
    "job_id",
    "option_problems",
    "output_name",
    "parse_options",
    "plan_batches",
    "run_id",
    "slug",
    "stamped_job",
    "stamped_jobs",
    "starts_job",
    "style_of_upload",
    "swept_name",
    "ticket_name",
    "timestamps_hash",
    "to_json",
    "wishes_of",
]
