"""Why a command changes nothing (L5)."""

from __future__ import annotations

from dataclasses import dataclass

from framejam_protocol.errors import Code
from framejam_protocol.messages import Refusal


@dataclass(frozen=True, slots=True)
class No:
    """A command that changes nothing, and why; the fields are those of ``Refusal``."""

    code: Code
    message: str
    field: str | None
    rule: str

    def refusal(self, client_seq: int) -> Refusal:
        """What its sender is told."""
        return Refusal(
            client_seq=client_seq,
            code=self.code,
            message=self.message,
            field=self.field,
            rule=self.rule,
        )
