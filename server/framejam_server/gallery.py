"""The pictures of one session's take: who watches in which size, and what is newest (C5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from framejam_protocol.messages import Tier
from framejam_protocol.preview import TIER_SHEET, Preview, pack_preview
from framejam_server.member import PREVIEW, Member

TIERS: Final[tuple[Tier, ...]] = ("small", "sheet", "large")


class Gallery:
    """The newest previews, one for each tier in which they were made."""

    def __init__(self) -> None:
        self.newest: dict[Tier, Preview] = {}
        """All of one moment; empty before the first."""

    def show(
        self, previews: Mapping[Tier, Preview], members: Collection[Member], now: float
    ) -> None:
        """New pictures, kept for late joiners and offered to everybody who watches (C4, C5).

        Members get no more of them than they asked for; but always those after which nothing may
        come for long. ``now`` is in seconds. Where nobody watched none were made.
        """
        if not previews:
            return
        self.newest = dict(previews)
        for tier in TIERS:
            self._offer(tier, [one for one in members if one.watch.tier == tier], now)

    def add(self, previews: Mapping[Tier, Preview], members: Collection[Member]) -> None:
        """The moment that is shown, in sizes that nobody had asked for when it was new."""
        for tier, preview in previews.items():
            self.newest[tier] = preview
            self._offer(tier, [one for one in members if one.watch.tier == tier], None)

    def offer_newest(self, member: Member) -> None:
        """To somebody who came, or watches in another size now: what there is at once (C5)."""
        if member.watch.tier != "none":
            self._offer(member.watch.tier, [member], None)

    def missing(self, members: Collection[Member]) -> tuple[Tier, ...]:
        """The tiers that somebody watches and in which the newest is not there."""
        return tuple(tier for tier in watched(members) if tier not in self.newest)

    def _offer(self, tier: Tier, members: Collection[Member], now: float | None) -> None:
        preview = self._nearest(tier) if members else None
        if preview is None:
            return
        data = pack_preview(preview)
        for member in members:
            if now is not None:
                if now < member.preview_due and preview.tier == TIER_SHEET:
                    continue
                member.preview_due = now + 1 / member.watch.rate
            member.mailbox.offer(PREVIEW, data)

    def _nearest(self, tier: Tier) -> Preview | None:
        """The newest in a tier, or in the nearest that was made; of two the larger."""
        place = TIERS.index(tier)
        return min(
            self.newest.items(),
            key=lambda made: (abs(TIERS.index(made[0]) - place), -TIERS.index(made[0])),
            default=(tier, None),
        )[1]


def watched(members: Collection[Member]) -> tuple[Tier, ...]:
    """The tiers that somebody watches."""
    wanted = {member.watch.tier for member in members}
    return tuple(tier for tier in TIERS if tier in wanted)
