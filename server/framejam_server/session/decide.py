"""What a command leads to: the body of an event, or a refusal that says why not (L5, M, U)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Final

import msgspec

from framejam_protocol.errors import Code
from framejam_protocol.events import Body, Edited, Redone, Restored, Undone
from framejam_protocol.fold.merge import REVISABLE
from framejam_protocol.fold.pairs import held_locks
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Comment,
    Content,
    Drag,
    Erase,
    Given,
    Image,
    Instruction,
    Lock,
    Motion,
    Negative,
    Paint,
    Region,
    Revise,
    Settings,
    Spliced,
    Text,
    Trajectory,
    Typed,
    given_fields,
)
from framejam_protocol.limits import (
    MAX_CAMERAS,
    MAX_LOCKS,
    MAX_PROMPT_CHARS,
    MAX_REGIONS,
    MAX_UNDONE_PROMPT_CHARS,
)
from framejam_protocol.messages import Command, Edit, Mark, Redo, Restore, Undo
from framejam_server.session.document import TextRefused
from framejam_server.session.history import mark, restore
from framejam_server.session.no import No
from framejam_server.session.roles import may, who_may
from framejam_server.session.shapes import objection
from framejam_server.session.text import Texts
from framejam_server.session.undo import is_talk, plan_redo, plan_undo, plan_undo_of, text_changes

_MOST: Final[Mapping[type, tuple[int, str, str]]] = {
    Camera: (MAX_CAMERAS, "cameras", "M4"),
    Lock: (MAX_LOCKS, "locks (with those that locks hold)", "T11"),
    Region: (MAX_REGIONS, "regions", "M4"),
}
"""How many of a kind may be live, what they are called, and the rule that says so."""

_NONE: Final[Set[int]] = frozenset()

Objections = Callable[[Settings], Mapping[str, str]]
"""Why no clip can be made with some settings, by the field that is at fault; pure."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for one command: the state before it, the prompts' documents, the session's blobs,
    the sender's Yjs client id, what speaks against settings, and how many events there may be."""

    state: State
    texts: Texts
    blobs: Collection[str]
    yjs_client: int
    objections: Objections
    max_events: int | None = None

    def decide(self, participant: str, command: Command, group: int | None) -> Body | No:
        """``group`` is the open group an edit joins (L6)."""
        refused = self._role(participant, command) or self._full(command)
        if refused is not None:
            return refused
        match command:
            case Edit():
                instruction = self._instruction(participant, command.instruction)
                if isinstance(instruction, No):
                    return instruction
                return Edited(instruction=instruction, depth=command.depth, group=group)
            case Undo():
                return self._undo(participant, command.group)
            case Redo():
                return self._redo(participant)
            case Mark():
                return mark(self.state, command)
            case Restore(to=to):
                return self._restore(participant, to)

    def _role(self, participant: str, command: Command) -> No | None:
        role = self.state.participants[participant].role
        action = str(type(command).__struct_config__.tag)
        if isinstance(command, Edit) and _is_about_comment(self.state, command.instruction):
            action = "comment"
        if may(role, action):
            return None
        return No(
            Code.FORBIDDEN,
            f"a {role} cannot {action}; ask an owner to invite you as {who_may(action)}",
            "type",
            "A1",
        )

    def _full(self, command: Command) -> No | None:
        """Undo goes on: it can be pressed no more often than there are live groups."""
        most = self.max_events
        if most is None or self.state.seq < most or isinstance(command, Undo):
            return None
        return No(
            Code.TOO_LARGE,
            f"the session is full: it has {most:,} events, the most this server keeps; undo still "
            "works, and a branch of an earlier event goes on from there",
            None,
            "A4",
        )

    # -- edits ------------------------------------------------------------------------------

    def _instruction(self, participant: str, given: Given) -> Instruction | No:
        match given:
            case Typed() | Spliced() | Content() | Motion() | Negative():
                return self._text(given)
            case Image(blob=blob):
                if blob is not None and blob not in self.blobs:
                    return No(
                        Code.NOT_FOUND,
                        "this session has no such image; upload it first, then send its id",
                        "instruction.blob",
                        "A3",
                    )
            case Paint() | Erase() | Drag():
                return _ordered(given.frames) or given
            case Trajectory() | Camera() | Region() | Lock():
                return self._shape(given)
            case Revise():
                return self._revise(participant, given)
            case Adjust():
                return self._adjust(given)
        return given

    def _shape(self, given: Trajectory | Camera | Region | Lock) -> Instruction | No:
        kind = type(given)
        if kind in _MOST:  # first, for it takes no time
            most, name, rule = _MOST[kind]
            if self._standing(kind) >= most:
                message = f"there are {most} {name} already; undo one first"
                return No(Code.TOO_LARGE, message, "instruction", rule)
        wrong = objection(given, self._frames)
        if wrong is not None:
            return No(Code.INVALID, wrong[1], f"instruction.{wrong[0]}", "M1")
        return _ordered(given.frames) or given

    @property
    def _frames(self) -> int:
        assert self.state.settings is not None
        return self.state.settings.frames

    def _of(self, kind: type, groups: Iterable[int]) -> set[int]:
        """The edits of a kind in some groups."""
        edits = (seq for group in groups for seq in self.state.members(group))
        return {seq for seq in edits if type(self.state.edits[seq].instruction) is kind}

    def _standing(self, kind: type, back: Set[int] = _NONE, gone: Set[int] = _NONE) -> int:
        """How many of a kind are live, with some edits brought back and some gone; of locks those,
        too, that the renderer has to know because locks hold them."""
        live = self.state.standing(kind) - gone | back
        return len(held_locks(self.state, live) if kind is Lock else live)

    def _text(self, given: Typed | Spliced | Content | Motion | Negative) -> Text | No:
        try:
            if isinstance(given, Typed):
                return self.texts.typed(given, self.yjs_client)
            return self.texts.spliced(given, self.state.seq)
        except TextRefused as refused:
            return No(refused.code, str(refused), refused.field, "M3")

    def _adjust(self, adjust: Adjust) -> Adjust | No:
        fields = given_fields(adjust)
        if not fields:
            return No(Code.INVALID, "name at least one setting", "instruction", "M2")
        names = [name for name, _ in adjust.loras or ()]
        if len(set(names)) < len(names):
            return No(Code.INVALID, "name each LoRA once", "instruction.loras", "T8")
        assert self.state.settings is not None
        objections = self.objections(msgspec.structs.replace(self.state.settings, **fields))
        for field in fields:
            if field in objections:
                return No(Code.INVALID, objections[field], f"instruction.{field}", "T8")
        return adjust

    def _revise(self, participant: str, revise: Revise) -> Revise | No:
        target = self.state.edits.get(revise.target)
        fields = given_fields(revise)
        if target is None or not self.state.live(revise.target):
            return No(
                Code.NOT_FOUND,
                f"there is no live edit {revise.target}: it was undone, or never was",
                "instruction.target",
                "M2",
            )
        allowed = REVISABLE.get(type(target.instruction), frozenset())
        kind = type(target.instruction).__struct_config__.tag
        if not fields:
            return No(
                Code.INVALID, f"name a field: {', '.join(sorted(allowed))}", "instruction", "M2"
            )
        strange = sorted(set(fields) - allowed)
        if strange:
            has = f"it has {', '.join(sorted(allowed))}" if allowed else "give a new edit instead"
            return No(
                Code.INVALID,
                f"a {kind} has no {strange[0]} to revise; {has}",
                f"instruction.{strange[0]}",
                "M2",
            )
        role = self.state.participants[participant].role
        mine = target.author == participant or role == "owner"
        resolving = role != "viewer" and set(fields) == {"resolved"}
        if isinstance(target.instruction, Comment) and not (mine or resolving):
            return No(
                Code.FORBIDDEN,
                "this comment is somebody else's; write one of your own",
                "instruction.target",
                "A1",
            )
        ordered = _ordered(fields.get("frames"))
        return ordered or _sound(target.instruction, fields, self._frames) or revise

    # -- undo and redo ----------------------------------------------------------------------

    def _undo(self, participant: str, named: int | None) -> Undone | No:
        if named is None:
            plan = plan_undo(
                self.state, participant, lambda group: self._may_turn(participant, group)
            )
            if plan is None:
                return No(
                    Code.NOTHING_TO_UNDO,
                    "you have no edit left to undo; undo never takes out somebody else's",
                    None,
                    "U2",
                )
        else:
            refused = self._nameable(participant, named)
            if refused is not None:
                return refused
            plan = plan_undo_of(self.state, named)
        texts = self._turn(*self.state.flips(plan.groups, dying=True))
        if isinstance(texts, No):
            return texts
        return Undone(groups=plan.groups, shadowed_by=plan.shadowed_by, texts=texts)

    def _restore(self, participant: str, to: int) -> Restored | No:
        turned = restore(self.state, participant, to)
        if isinstance(turned, No):
            return turned
        texts = self._turn(turned.out, turned.back)
        return texts if isinstance(texts, No) else Restored(to=to, texts=texts)

    def _nameable(self, participant: str, group: int) -> No | None:
        """Why a person may not undo the group of this name (U2)."""
        author = self.state.author_of(group)
        if author is None:
            edit = self.state.edits.get(group)
            hint = "no edit has this seq" if edit is None else f"it is part of group {edit.group}"
            return No(Code.NOT_FOUND, f"there is no group {group}: {hint}", "group", "U2")
        role = self.state.participants[participant].role
        if author != participant and not may(role, "undo_others"):
            return No(
                Code.FORBIDDEN,
                f"group {group} is somebody else's; {who_may('undo_others')} can undo it",
                "group",
                "U2",
            )
        if not self._may_turn(participant, group):
            return _not_a_viewers("undo")
        if group in self.state.dead:
            return No(Code.NOTHING_TO_UNDO, f"group {group} is undone already", "group", "U2")
        return None

    def _redo(self, participant: str) -> Redone | No:
        groups = plan_redo(self.state, participant)
        if groups is None:
            return No(
                Code.NOTHING_TO_REDO,
                "nothing to redo: you have undone nothing since your last edit",
                None,
                "U4",
            )
        if not all(self._may_turn(participant, group) for group in groups):
            return _not_a_viewers("redo")
        texts = self._turn(*self.state.flips(groups, dying=False))
        return texts if isinstance(texts, No) else Redone(groups=groups, texts=texts)

    def _may_turn(self, participant: str, group: int) -> bool:
        """Whether somebody's role lets them undo or redo a group: who was made a viewer has edits
        of before."""
        return may(self.state.participants[participant].role, "edit") or is_talk(self.state, group)

    def _turn(self, dies: Set[int], comes: Set[int]) -> tuple[Text, ...] | No:
        """Take groups out and bring others back: what that does to the prompts, as text (U6)."""
        for kind, (most, name, rule) in _MOST.items():
            back = self._of(kind, comes)
            if back and self._standing(kind, back, self._of(kind, dies)) > most:
                message = f"there would be more than {most} {name} then; undo another first"
                return No(Code.TOO_LARGE, message, None, rule)
        changes = text_changes(self.state, dies, comes)
        for prompt, splices in changes.items():
            grown = sum(len(splice.inserted) - len(splice.removed) for splice in splices)
            if grown > 0 and len(self.state.prompts[prompt]) + grown > MAX_UNDONE_PROMPT_CHARS:
                return No(
                    Code.TOO_LARGE,
                    f"the {prompt} prompt would have more than {MAX_UNDONE_PROMPT_CHARS} "
                    "characters; shorten it first",
                    None,
                    "U6",
                )
        return tuple(
            self.texts.compensation(prompt, splices)
            for prompt, splices in changes.items()
            if splices
        )


def _not_a_viewers(action: str) -> No:
    return No(
        Code.FORBIDDEN,
        f"a viewer cannot {action} an edit, comments only; an owner can make you an editor again",
        "type",
        "A1",
    )


def _ordered(frames: object) -> No | None:
    """Why a frame range is none."""
    if isinstance(frames, tuple) and frames[0] > frames[1]:
        return No(
            Code.INVALID,
            f"the range begins at frame {frames[0]} and ends at {frames[1]}: first, then last",
            "instruction.frames",
            "M1",
        )
    return None


def _sound(target: Instruction, fields: Mapping[str, object], frames: int) -> No | None:
    """Why the values of some fields suit no instruction of the target's kind; the clip has so many
    ``frames``."""
    text = fields.get("text")
    if isinstance(target, Region) and isinstance(text, str) and len(text) > MAX_PROMPT_CHARS:
        return No(
            Code.TOO_LARGE,
            f"the text of a region has at most {MAX_PROMPT_CHARS} characters",
            "instruction.text",
            "M1",
        )
    if isinstance(target, Trajectory) and "path" in fields:
        wrong = objection(msgspec.structs.replace(target, path=fields["path"]), frames)
        if wrong is not None:
            return No(Code.INVALID, wrong[1], f"instruction.{wrong[0]}", "M1")
    if isinstance(target, Lock):
        wrong = objection(msgspec.structs.replace(target, frames=fields["frames"]), frames)
        if wrong is not None:
            return No(Code.INVALID, wrong[1], "instruction.frames", "M1")
    return None


def _is_about_comment(state: State, given: Given) -> bool:
    if isinstance(given, Revise):
        target = state.edits.get(given.target)
        return target is not None and isinstance(target.instruction, Comment)
    return isinstance(given, Comment)
