"""The canonical encoding of a state and its hash (L3), as SPEC.md describes for every language."""

from __future__ import annotations

import hashlib
import json

import msgspec

from framejam_server.session.log import Edit, State
from framejam_server.session.merge import ADDED, added, in_force


def canonical(state: State) -> bytes:
    """What the state hash is taken over (L3): JSON in UTF-8, keys sorted, integers, no spaces.

    Only what people see counts: the settings, the text and image in force with the edit that set
    them, and the live drags and strokes in seq order.
    """
    view: dict[str, object] = {"settings": msgspec.to_builtins(state.settings)}
    view.update({name: _visible(edit) for name, edit in in_force(state).items()})
    for name, kind in ADDED.items():
        view[name] = [_visible(edit) for edit in added(state, kind)]
    return json.dumps(view, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _visible(edit: Edit | None) -> object:
    if edit is None:
        return None
    return {
        "author": edit.author,
        "depth": edit.depth,
        "edit": edit.seq,
        "instruction": msgspec.to_builtins(edit.instruction),
    }


def state_hash(state: State) -> str:
    """SHA-256 of ``canonical(state)``, lower-case hexadecimal (L3)."""
    return hashlib.sha256(canonical(state)).hexdigest()
