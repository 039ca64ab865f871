"""What a participant draws on the picture: strokes, drags, paths, cameras, regions, locks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from msgspec import UNSET

from framejam.pending import Receipt
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import (
    Blend,
    Camera,
    Comment,
    Drag,
    Erase,
    Given,
    Lock,
    Paint,
    Region,
    Revise,
    Trajectory,
)

At = tuple[float, float]
"""A place of the frame, (x, y) from (0, 0) upper left to (1, 1)."""

Frames = tuple[int, int]
"""The first and the last frame of a range, both in it; the first frame is 0."""


class Drawing(ABC):
    """The instructions of ``Session`` that have a place, and revisions of them.

    For all of them: ``strength`` from 0 to 1 is how strongly it holds; with ``frames`` it is there,
    or happens, in these only, None for all. ``depth`` as for ``Steering``.
    """

    @abstractmethod
    async def give(self, instruction: Given, *, depth: float | None = None) -> Receipt:
        """Give any instruction of the protocol."""

    async def paint(
        self,
        points: Iterable[At],
        *,
        color: str = "#ffffff",
        width: float = 0.06,
        strength: float = 1.0,
        frames: Frames | None = None,
        blend: Blend = "normal",
        depth: float | None = None,
    ) -> Receipt:
        """Paint one stroke through ``points``.

        ``color`` is ``#rrggbb``; ``width`` the brush's diameter as a share of the frame's width,
        above 0 to 1. ``blend="color"`` recolours: lightness stays as it is under the stroke.
        """
        stroke = Paint(
            points=_points(points),
            color=color.lower(),
            width=_length(width),
            strength=to_units(strength),
            frames=frames,
            blend=blend,
        )
        return await self.give(stroke, depth=depth)

    async def erase(
        self,
        points: Iterable[At],
        *,
        width: float = 0.06,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Take away the paint under a stroke through ``points``; ``width`` as for ``paint``."""
        stroke = Erase(points=_points(points), width=_length(width), frames=frames)
        return await self.give(stroke, depth=depth)

    async def drag(
        self,
        start: At,
        end: At,
        *,
        radius: float = 0.25,
        strength: float = 1.0,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Move what lies around ``start`` on the first frame to ``end``, over the clip.

        ``radius`` is a share of the frame's width, above 0 to 1: choose it so that the object lies
        inside. With ``frames`` the way is made within these.
        """
        drag = Drag(
            start=_point(start),
            end=_point(end),
            radius=_length(radius),
            strength=to_units(strength),
            frames=frames,
        )
        return await self.give(drag, depth=depth)

    async def trajectory(
        self,
        path: Iterable[At],
        *,
        radius: float = 0.25,
        strength: float = 1.0,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Move what lies around the first point of ``path`` along it, at an even speed.

        It starts in the first of ``frames`` and arrives in the last. ``radius`` as for ``drag``.
        """
        way = Trajectory(
            path=_points(path),
            radius=_length(radius),
            strength=to_units(strength),
            frames=frames,
        )
        return await self.give(way, depth=depth)

    async def camera(
        self,
        *,
        pan: float = 0.0,
        tilt: float = 0.0,
        zoom: float = 1.0,
        strength: float = 1.0,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Turn the camera right by ``pan`` and down by ``tilt``, shares of the frame from -1 to 1.

        ``zoom`` magnifies, from 0.25 to 4. All are reached in the last of ``frames``.
        """
        camera = Camera(
            pan=to_units(pan),
            tilt=to_units(tilt),
            zoom=to_units(zoom),
            strength=to_units(strength),
            frames=frames,
        )
        return await self.give(camera, depth=depth)

    async def region(
        self,
        outline: Iterable[At],
        text: str,
        *,
        strength: float = 1.0,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Make what lies inside ``outline``, the corners of a closed line, what ``text`` says."""
        region = Region(
            outline=_points(outline), text=text, strength=to_units(strength), frames=frames
        )
        return await self.give(region, depth=depth)

    async def lock(
        self,
        outline: Iterable[At],
        *,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Keep what is inside ``outline`` as the take shows it now, whatever comes (T11)."""
        return await self.give(Lock(outline=_points(outline), frames=frames), depth=depth)

    async def comment(self, text: str, at: At, frame: int = 0) -> Receipt:
        """Pin a comment to a point of a frame, the first is 0. Viewers may, too."""
        return await self.give(Comment(text=text, at=_point(at), frame=frame))

    async def revise(
        self,
        edit: Receipt | int,
        *,
        color: str | None = None,
        width: float | None = None,
        strength: float | None = None,
        frames: Frames | str | None = None,
        start: At | None = None,
        end: At | None = None,
        radius: float | None = None,
        path: Iterable[At] | None = None,
        pan: float | None = None,
        tilt: float | None = None,
        zoom: float | None = None,
        text: str | None = None,
        resolved: bool | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Give fields of an earlier edit new values; those left out stay (M2).

        ``edit`` is what giving it returned, or its seq. Each kind has some of the fields, as they
        are for the call that gave it; ``frames="all"`` takes a range away.
        """
        if isinstance(frames, str) and frames != "all":
            raise ValueError('frames is (first, last) or "all"')
        change = Revise(
            target=edit if isinstance(edit, int) else edit.seq,
            color=UNSET if color is None else color.lower(),
            width=UNSET if width is None else _length(width),
            strength=UNSET if strength is None else to_units(strength),
            frames=UNSET if frames is None else None if isinstance(frames, str) else frames,
            start=UNSET if start is None else _point(start),
            end=UNSET if end is None else _point(end),
            radius=UNSET if radius is None else _length(radius),
            path=UNSET if path is None else _points(path),
            pan=UNSET if pan is None else to_units(pan),
            tilt=UNSET if tilt is None else to_units(tilt),
            zoom=UNSET if zoom is None else to_units(zoom),
            text=UNSET if text is None else text,
            resolved=UNSET if resolved is None else resolved,
        )
        return await self.give(change, depth=depth)


def _point(place: At) -> tuple[int, int]:
    return to_units(place[0]), to_units(place[1])


def _points(places: Iterable[At]) -> tuple[tuple[int, int], ...]:
    return tuple(_point(place) for place in places)


def _length(share: float) -> int:
    return max(1, to_units(share))
