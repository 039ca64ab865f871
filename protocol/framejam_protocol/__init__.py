"""The framejam protocol: message types, wire format, geometry, limits and errors.

Pure: this package imports no asyncio, no torch and nothing else of ours. ``protocol/SPEC.md``
is the authority on what the types mean; the rule ids in docstrings (L4, C5, ...) point there.
"""
