"""Running the takes: whose step is next (pure), the worker process, and its pictures."""
