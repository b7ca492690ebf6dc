"""Who did what when, from the trigger of a job to its output: for benchmarks/timeline.py."""
