"""Video in, frames, video out. Knows nothing of jobs, stores or where it runs."""
