"""What ``render.gpu`` answers; apart from it, for whoever reads the answer needs no torch."""

from __future__ import annotations

import msgspec


class Measured(msgspec.Struct, frozen=True):
    """Milliseconds: of whole steps of a take, of the guided forward in each alone, and from an edit
    at a running take to the sheet that shows it. All empty where there is no GPU."""

    device: str
    step_ms: list[float] = []
    forward_ms: list[float] = []
    edit_ms: list[float] = []
