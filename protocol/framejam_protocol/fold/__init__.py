"""The fold of a session's log (L3): pure, shared by the server and the Python client."""
