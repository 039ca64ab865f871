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
from framejam_server.config import Config
from framejam_server.demo.effects import Effect, effect_of
from framejam_server.demo.play import LIMIT_S, play
from framejam_server.demo.report import Played, fact, log_lines, report
from framejam_server.demo.script import GUEST, OWNER, Act, KillWorker, scenes
from framejam_server.demo.server import ServerFailed
from framejam_server.demo.sheet import contact_sheet, pair_picture
from framejam_server.render.recompute import Recomputer, mapping_of

PHOTO: Final = "coffee.jpg"

Tell = Callable[[str], None]
"""Called before each unit of work with what it is."""


class DemoFailed(Exception):
    """The demo could not be finished; the message is one line for people."""


def run(out: Path) -> list[str]:
    """Play the demo and write its files to ``out``; lines that sum it up.

    Shows a progress bar on a terminal's standard error. Raises ``DemoFailed``.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _progress() as progress:
            script = scenes(Path(PHOTO))
            units = sum(1 if isinstance(scene, KillWorker) else len(scene) for scene in script)
            task = progress.add_task("starting a server", total=2 * units + 2)

            def tell(what: str) -> None:
                progress.update(task, description=what)
                progress.advance(task)

            played = _play(out, tell)
            effects, summary = _measure(played, out, tell)
    except TimeoutError as error:
        raise DemoFailed(f"the co-edit did not end within {LIMIT_S:g} s") from error
    except (FramejamError, ServerFailed, OSError) as error:
        raise DemoFailed(str(error)) from error
    if not summary["reproduced"]:
        raise DemoFailed(f"the clip computed again differs from the server's: see {out}")
    return _closing_words(out, played, effects)


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


def _words(act: Act | KillWorker) -> str:
    if isinstance(act, KillWorker):
        return "the worker was killed in mid-take; it is back"
    return f"{act.who}: {act.label}"


def _measure(played: Played, out: Path, tell: Tell) -> tuple[list[Effect], dict[str, object]]:
    """Compute every take with and without each edit; write the report and the pictures."""
    config = Config()  # what the server's process found in its environment, too
    recomputer = Recomputer(played.settings, played.blobs.__getitem__, config.model, config.threads)
    effects = []
    for deed in played.deeds:
        tell(f"measuring {deed.act.label}")
        effects.append(effect_of(deed, played.log, recomputer))
    digest = recomputer.compute(mapping_of(played.log)).digest
    summary = report(played, effects, digest)
    (out / "report.json").write_text(
        json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    _draw(played, effects, out)
    tell("done")
    return effects, summary


def _draw(played: Played, effects: Sequence[Effect], out: Path) -> None:
    settings = played.settings
    subtitle = (
        f"{OWNER} and {GUEST} edit one clip live  ·  model {settings.model}  ·  seed "
        f"{settings.seed}  ·  {settings.frames} frames  ·  {settings.steps} steps"
    )
    facts = [fact(effect, played) for effect in effects]
    contact_sheet("framejam demo", subtitle, effects, facts).save(out / "contact.png")
    pairs = out / "effects"
    pairs.mkdir(exist_ok=True)
    for number, effect in enumerate(effects, 1):
        pair_picture(effect.before, effect.after).save(pairs / f"before_after_{number}.png")


def _closing_words(out: Path, played: Played, effects: Sequence[Effect]) -> list[str]:
    return [
        f"{len(effects)} edits by {OWNER} and {GUEST}, {len(played.log)} events, the worker killed "
        f"at step {', '.join(str(mishap.at_step) for mishap in played.mishaps)}; the clip computed "
        "again from the log equals the server's bit for bit",
        *(f"  {out / name}" for name in ("clip.mp4", "contact.png", "report.json", "log.jsonl")),
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
