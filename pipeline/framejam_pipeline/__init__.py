"""The denoising pipeline: from the live edits of a session to latents, previews and frames.

Read ``take.py`` first: a take is what one session watches. It asks ``conditions.py`` for the
frozen inputs of a step and ``loop.py`` to run it. Nothing here knows sockets, people or clocks.
"""
