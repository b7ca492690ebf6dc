"""The names under which telemetry is found. Workbooks query them: adding is safe, renaming is not."""

SCOPE = "reelbrush"  # instrumentation scope of all spans and metrics

# spans of a job's trace; the span of a step is STEP and the activity's name
START = "reelbrush.start"  # an upload or a call that starts a job: the root
STEP = "reelbrush.step."
RUN = "reelbrush.run"  # one process of one run on the cluster

# attributes of spans and metrics
JOB = "reelbrush.job_id"
BATCH = "reelbrush.batch"  # index from 0
ATTEMPT = "reelbrush.attempt"  # of the batch, from 1
RANK = "reelbrush.rank"  # of the process within its run, from 0
STYLE = "reelbrush.style"
FRAMES = "reelbrush.frames_done"
KIND = "reelbrush.event"  # one of reelbrush.events.TYPES
CURRENCY = "reelbrush.currency"
REASON = "reelbrush.reason"  # of waiting: busy, silent or error

# metrics
M_JOBS = "reelbrush.jobs"  # counter, {job}: what happened to jobs, by KIND
M_FRAMES = "reelbrush.frames"  # counter, {frame}: frames of finished jobs, by STYLE
M_FPS = "reelbrush.fps"  # histogram, {frame}/s: of each batch of a finished job, by STYLE
M_QUEUE_SECONDS = "reelbrush.queue_seconds"  # histogram, s: from submission to start, of each batch
M_RETRIES = "reelbrush.retries"  # counter, {run}: runs of finished jobs that had to be repeated
M_EVICTIONS = "reelbrush.evictions"  # counter, {run}: runs that lost their node
M_WAITS = "reelbrush.waits"  # counter, {job}: jobs without a node for long, by REASON
M_COST = "reelbrush.cost"  # counter, by CURRENCY: estimated price of finished jobs

# fields of log records
LOG_JOB = "job_id"
LOG_BATCH = "batch"
