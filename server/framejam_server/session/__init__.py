"""The session core: pure functions and plain objects, no clock, no sockets, no database.

``Session.command`` takes what someone sent and returns effects; ``State`` is the fold of the log.
"""
