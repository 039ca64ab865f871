"""What the worker has been told of one take, so that it is sent only what changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from framejam_protocol.fold.pairs import Pair, Reference
from framejam_protocol.instructions import Settings
from framejam_protocol.messages import Tier
from framejam_server.render.pipe import Advance


class Told:
    """The mapping of a take as the worker process ``generation`` knows it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.pairs: dict[int, Pair] = {}
        self.position = 0
        """Steps that are done and still hold."""
        self.generation = -1
        self._references: set[int] = set()
        self._knows = False

    def lose(self) -> None:
        """The worker has let go of it, or its process has ended: it begins anew."""
        self.pairs, self.position, self._references, self._knows = {}, 0, set(), False

    def meet(self, generation: int) -> None:
        """The process that runs now; another one than before knows nothing."""
        if generation != self.generation:
            self.lose()
            self.generation = generation

    def change(self, pairs: Mapping[int, Pair]) -> bool:
        """Another mapping is in force: whether it differs, and if so to which step the take goes
        back (T4)."""
        changed = [
            pair.step
            for seq in self.pairs.keys() | pairs.keys()
            if self.pairs.get(seq) != pairs.get(seq)
            for pair in (self.pairs.get(seq), pairs.get(seq))
            if pair is not None
        ]
        if changed:
            self.position = min([self.position, *changed])
        return bool(changed)

    def request(
        self,
        settings: Settings,
        pairs: Mapping[int, Pair],
        references: Mapping[int, Reference],
        tiers: tuple[Tier, ...],
    ) -> Advance:
        """What brings the worker to this mapping, and one step further."""
        return Advance(
            key=self.key,
            settings=settings,
            fresh=not self._knows,
            add={seq: pair for seq, pair in pairs.items() if self.pairs.get(seq) != pair},
            remove=tuple(seq for seq in self.pairs if seq not in pairs),
            # What a lock holds never changes: once is enough.
            references={seq: references[seq] for seq in references.keys() - self._references},
            released=tuple(self._references - references.keys()),
            tiers=tiers,
        )

    def answered(
        self, pairs: Mapping[int, Pair], references: Mapping[int, Reference], position: int
    ) -> None:
        """The worker did what was asked, and the take is at ``position``."""
        self.pairs, self.position, self._knows = dict(pairs), position, True
        self._references = set(references)
