"""From the live co-edit to the files of the demo."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from framejam import FramejamError
from framejam_protocol.instructions import Paint
from framejam_server.config import Config
from framejam_server.demo.choice import write_choice
from framejam_server.demo.effects import Effect, Glance, effect_of, glance_of, newest
from framejam_server.demo.play import BUNDLE, LIMIT_S, play
from framejam_server.demo.report import Played, fact, log_lines, report
from framejam_server.demo.script import COLORS, Act, KillWorker, LookWithout, scenes
from framejam_server.demo.server import ServerFailed
from framejam_server.demo.sheet import Row, contact_sheet, pair_picture
from framejam_server.render.recompute import Recomputer

PHOTO: Final = "coffee.jpg"

Tell = Callable[[str], None]
"""Called before each unit of work with what it is."""


class DemoFailed(Exception):
    """The demo could not be finished; the message is one line for people."""


def run(out: Path, choice: Path | None = None) -> list[str]:
    """Play the demo and write its files to ``out``; lines that sum it up.

    ``choice`` is a folder for the same pictures shuffled and without words. Shows a progress bar on
    a terminal's standard error. Raises ``DemoFailed``.
    """
    try:
        for folder in (out, choice):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        with _progress() as progress:
            task = progress.add_task("starting a server", total=_units())

            def tell(what: str) -> None:
                progress.update(task, description=what)
                progress.advance(task)

            played = _play(out, tell)
            rows, summary = _measure(played, out, tell)
            if choice is not None:
                write_choice(choice, rows)
    except TimeoutError as error:
        raise DemoFailed(f"the co-edit did not end within {LIMIT_S:g} s") from error
    except (FramejamError, ServerFailed, OSError) as error:
        raise DemoFailed(str(error)) from error
    if not summary["reproduced"]:
        raise DemoFailed(f"the clip computed again differs from the server's: see {out}")
    return _closing_words(out, played, len(rows))


def _units() -> int:
    """How often ``tell`` is called."""
    done = measured = 0
    for step in scenes(Path(PHOTO)):
        acts = step if isinstance(step, tuple) else (step,)
        done += len(acts)
        measured += sum(isinstance(act, LookWithout) for act in acts)
        measured += sum(isinstance(act, Act) and act.pictured for act in acts)
    return done + measured + 2


def _play(out: Path, tell: Tell) -> Played:
    """The live part, with a server whose data are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="framejam-demo-"))
    try:
        with as_file(files("framejam") / "demo_photos" / PHOTO) as photo:
            played = asyncio.run(
                play(folder, photo, out / "clip.mp4", lambda act: tell(_words(act)))
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    (out / "log.jsonl").write_text(log_lines(played.log, played.people), encoding="utf-8")
    tell("clip exported")
    return played


def _words(act: Act | KillWorker | LookWithout) -> str:
    if isinstance(act, KillWorker):
        return "the worker was killed in mid-take; it is back"
    return f"{act.who}: {act.label}"


def _measure(played: Played, out: Path, tell: Tell) -> tuple[list[Row], dict[str, object]]:
    """Compute every take with and without each edit; write the report and the pictures."""
    config = Config()  # what the server's process found in its environment, too
    recomputer = Recomputer(played.settings, played.blobs.__getitem__, config.model, config.threads)
    effects, glances = [], []
    for deed in played.done.deeds:
        tell(f"measuring {deed.act.label}")
        effects.append(effect_of(deed, played.log, recomputer))
    for looked in played.done.looks:
        tell(f"measuring {looked.look.label}")
        glances.append(glance_of(looked, played.log, recomputer))
    digest = newest(played.log, recomputer).digest
    summary = report(played, effects, glances, digest)
    (out / "report.json").write_text(
        json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    rows = [*(_edit_row(effect, played) for effect in effects), *map(_look_row, glances)]
    _draw(played, rows, out)
    tell("done")
    return rows, summary


def _edit_row(effect: Effect, played: Played) -> Row:
    act, stroke = effect.deed.act, effect.instruction
    color = stroke.color if isinstance(stroke, Paint) else None
    note = "of the stroke" if color is not None and effect.action != "edit" else ""
    return Row(act.who, act.label, fact(effect, played), effect.before, effect.after, note, color)


def _look_row(glance: Glance) -> Row:
    look = glance.looked.look
    return Row(look.who, look.label, f"shown to {look.who} alone", glance.before, glance.after)


def _draw(played: Played, rows: Sequence[Row], out: Path) -> None:
    settings = played.settings
    subtitle = (
        f"{', '.join(COLORS)} edit one clip live  ·  model {settings.model}  ·  seed "
        f"{settings.seed}  ·  {settings.frames} frames  ·  {settings.steps} steps"
    )
    contact_sheet("framejam demo", subtitle, rows).save(out / "contact.png")
    pairs = out / "effects"
    pairs.mkdir(exist_ok=True)
    for number, row in enumerate(rows, 1):
        pair_picture(row.before, row.after).save(pairs / f"before_after_{number}.png")


def _closing_words(out: Path, played: Played, pictures: int) -> list[str]:
    killed = ", ".join(str(mishap.at_step) for mishap in played.done.mishaps)
    return [
        f"{pictures} acts of {', '.join(COLORS)} with what each did, {len(played.log)} events, the "
        f"worker killed at step {killed}; the clip computed again from the log equals the server's "
        "bit for bit, and so does what one of them saw alone",
        *(f"  {out / name}" for name in ("clip.mp4", "contact.png", "report.json", "log.jsonl")),
        f"  {out / BUNDLE}: all of the session (framejam replay, framejam import)",
    ]


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
