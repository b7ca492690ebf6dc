"""What a job is, and the ids of jobs and runs."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, field

from reelbrush.job.options import Options, canonical_options

ATTEMPTS = 500  # numbers for the runs of one batch between two splits of a job; run ids never come back


@dataclass(frozen=True)
class BlobRef:
    """One version of one blob. `etag` changes whenever the content is replaced."""

    container: str
    name: str  # inside the container, with '/' between folders
    etag: str
    size: int  # bytes


@dataclass(frozen=True)
class Job:
    """One source, one style, options: one orchestration instance of the same id."""

    id: str
    source: BlobRef
    style: str
    options: Options = field(default_factory=Options)


def slug(name: str, limit: int = 40) -> str:
    """Return lower-case ASCII letters, digits and single dashes that resemble `name`, 1..limit characters."""
    stem = name.rsplit("/", 1)[-1]
    if "." in stem.lstrip("."):
        stem = stem.rsplit(".", 1)[0]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].strip("-") or "video"


def job_id(source: BlobRef, style: str, options: Options) -> str:
    """Return `<slug>-<10 hex>`: the same upload with the same style and options is the same job.

    The hash covers container, blob name, ETag, style and options, so a replaced blob is a new job.
    """
    options_text = json.dumps(canonical_options(options), sort_keys=True, separators=(",", ":"))
    parts = [source.container, source.name, source.etag.strip('"'), style, options_text]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug(source.name)}-{digest[:10]}"


def run_id(job: str, batch: int, attempt: int) -> str:
    """Return the id of submission `attempt` (from 1) of batch `batch` (from 0)."""
    return f"{job}-b{batch}-a{attempt}"
