"""The names under which telemetry is found. Workbooks query them: adding is safe, renaming is not."""

SCOPE = "reelbrush"  # instrumentation scope of all spans and metrics

# spans of a job's trace; the span of a step is STEP and the activity's name
START = "reelbrush.start"  # an upload or a call that starts a job: the root
STEP = "reelbrush.step."
TELLING = STEP + "tell_event"  # of every event of a job, the orchestration's and others', with its KIND
RUN = "reelbrush.run"  # one process of one run on the cluster, told by itself
RUN_ENDED = "reelbrush.run_ended"  # how a run ended, told by the app, however its node went

# attributes of spans and metrics
JOB = "reelbrush.job_id"
BATCH = "reelbrush.batch"  # index from 0
ATTEMPT = "reelbrush.attempt"  # of the batch, from 1
RANK = "reelbrush.rank"  # of the process within its run, from 0
STYLE = "reelbrush.style"
FRAMES = "reelbrush.frames_done"
RUN_ID = "reelbrush.run_id"
OUTCOME = "reelbrush.outcome"  # of a run: done, failed, canceled or evicted
SECONDS = "reelbrush.seconds"  # that a run took on each of its nodes, from start to end
NODES = "reelbrush.nodes"  # of a run
KIND = "reelbrush.event"  # one of reelbrush.events.TYPES
CODE = "reelbrush.code"  # of an error, as in the API
ERROR = "reelbrush.error"  # its text for people, of spans only
LINK = "reelbrush.link"  # where a person looks further: the page of a job, a run in Azure ML studio
CURRENCY = "reelbrush.currency"
REASON = "reelbrush.reason"  # of waiting: busy, silent or error
PHASE = "reelbrush.phase"  # of jobs that have not ended: queued or working

# metrics
M_JOBS = "reelbrush.jobs"  # counter, {job}: what happened to jobs, by KIND; failed ones by CODE too
M_FRAMES = "reelbrush.frames"  # counter, {frame}: frames of finished jobs, by STYLE
M_FPS = "reelbrush.fps"  # histogram, {frame}/s: of each batch of a finished job, by STYLE
M_QUEUE_SECONDS = "reelbrush.queue_seconds"  # histogram, s: from submission to start, of each batch
M_RETRIES = "reelbrush.retries"  # counter, {run}: runs of finished jobs that had to be repeated
M_EVICTIONS = "reelbrush.evictions"  # counter, {run}: runs that lost their node
M_WAITS = "reelbrush.waits"  # counter, {job}: jobs without a node for long, by REASON
M_COST = "reelbrush.cost"  # counter, by CURRENCY: estimated price of finished jobs
M_NODE_SECONDS = "reelbrush.node_seconds"  # counter, s: of all nodes of runs that ended, by STYLE and OUTCOME
M_OPEN_JOBS = "reelbrush.open_jobs"  # histogram, {job}: jobs that have not ended, every minute, by PHASE

# fields of log records
LOG_JOB = "job_id"
LOG_BATCH = "batch"
