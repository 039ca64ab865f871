"""Who may do what (A1). One table, looked up by the kind of message or HTTP call."""

from __future__ import annotations

from typing import Final

ALLOWED: Final[dict[str, frozenset[str]]] = {
    "edit": frozenset({"owner", "editor"}),
    "comment": frozenset({"owner", "editor", "viewer"}),
    # Of one's own: a viewer has comments only.
    "undo": frozenset({"owner", "editor", "viewer"}),
    "redo": frozenset({"owner", "editor", "viewer"}),
    "undo_others": frozenset({"owner"}),
    "mark": frozenset({"owner", "editor"}),
    "restore": frozenset({"owner", "editor"}),
    "branch": frozenset({"owner", "editor"}),
    "look": frozenset({"owner", "editor", "viewer"}),
    "control": frozenset({"owner", "editor"}),
    "upload": frozenset({"owner", "editor"}),
    "export": frozenset({"owner", "editor", "viewer"}),
    "invite": frozenset({"owner"}),
    "assign": frozenset({"owner"}),
    "audit": frozenset({"owner"}),
    "delete": frozenset({"owner"}),
    "import": frozenset({"owner"}),
}


def may(role: str, action: str) -> bool:
    """Whether a role allows an action. Unknown roles and actions are not allowed."""
    return role in ALLOWED.get(action, frozenset())


def who_may(action: str) -> str:
    """The roles that allow an action, for an error message."""
    return " or ".join(sorted(ALLOWED[action], reverse=True))
