/** Where the others write in this text: their carets and selections, in their colours. */

import {
  EditorSelection, StateEffect, StateField, type ChangeDesc, type Extension, type Transaction,
} from '@codemirror/state';
import { EditorView, layer, RectangleMarker, type LayerMarker } from '@codemirror/view';

import { unitOf } from 'framejam';

import { inkOn } from '../people/colors.ts';

/** Somebody's selection, from `anchor` to `head` in UTF-16 units of our text. */
export interface RemoteCaret {
  /** One for each window of a person. */
  readonly key: string;
  readonly name: string;
  readonly color: string;
  readonly anchor: number;
  readonly head: number;
}

interface Placed extends RemoteCaret {
  /** Counts the movements its person made: with each the name is shown again. */
  readonly moves: number;
}

/** What others tell of their carets: new places by key, null for those that are gone. */
export const tellCarets = StateEffect.define<ReadonlyMap<string, RemoteCaret | null>>();

export const carets = StateField.define<readonly Placed[]>({
  create: () => [],
  update: (now, transaction) => withTold(moved(now, transaction), transaction),
});

function moved(now: readonly Placed[], { changes, docChanged }: Transaction): readonly Placed[] {
  if (!docChanged || now.length === 0) return now;
  return now.map((caret) => (
    { ...caret, anchor: mapped(changes, caret.anchor), head: mapped(changes, caret.head) }));
}

/**
 * Code point `at` of a text in UTF-16 units. It may lie beyond the end: the letters before it are
 * still on their way, and counted as one unit each.
 */
export function aheadOf(text: string, at: number): number {
  return unitOf(text, at) + Math.max(0, at - [...text].length);
}

/** A caret that is ahead of our text (the letters before it are still on their way) stays so. */
function mapped(changes: ChangeDesc, at: number): number {
  const inside = Math.min(at, changes.length);
  return changes.mapPos(inside, -1) + (at - inside);
}

function withTold(now: readonly Placed[], { effects }: Transaction): readonly Placed[] {
  let carets = now;
  for (const effect of effects) {
    if (!effect.is(tellCarets)) continue;
    const told = effect.value;
    const kept = carets.filter((one) => !told.has(one.key));
    carets = [...kept, ...[...told.values()].flatMap((caret) => {
      if (!caret) return [];
      const before = carets.find((one) => one.key === caret.key);
      const stays = before?.anchor === caret.anchor && before.head === caret.head;
      return [{ ...caret, moves: (before?.moves ?? 0) + (stays ? 0 : 1) }];
    })];
  }
  return carets;
}

/** The room a name takes. */
const NAME_WIDTH_PX = 90;
const NAME_HEIGHT_PX = 16;

/** A bar with a name above or below it; CSS lets the name fade. */
class CaretMarker implements LayerMarker {
  readonly #caret: Placed;
  readonly #box: RectangleMarker;
  /** Where its name has room: to the left of it, or below. */
  readonly #side: string;

  constructor(caret: Placed, box: RectangleMarker, width: number) {
    this.#caret = caret;
    this.#box = box;
    this.#side = `${box.top < NAME_HEIGHT_PX ? 'below' : 'above'} ${
      box.left > width - NAME_WIDTH_PX ? 'left' : 'right'}`;
  }

  eq(other: LayerMarker): boolean {
    return other instanceof CaretMarker && this.#isSame(other) && other.#side === this.#side
      && other.#box.eq(this.#box);
  }

  draw(): HTMLElement {
    const { name, color } = this.#caret;
    const bar = document.createElement('div');
    bar.className = 'remote-caret';
    bar.dataset['testid'] = 'caret';
    bar.dataset['name'] = name;
    bar.style.color = color;
    const label = document.createElement('span');
    label.textContent = name;
    label.style.background = color;
    label.style.color = inkOn(color);
    bar.append(label);
    this.#place(bar);
    return bar;
  }

  /** The text moved under it: its name does not come back for that. */
  update(bar: HTMLElement, old: LayerMarker): boolean {
    if (!(old instanceof CaretMarker) || !this.#isSame(old)) return false;
    this.#place(bar);
    return true;
  }

  /** Whether it is the same caret, unmoved by its person. */
  #isSame(marker: CaretMarker): boolean {
    const other = marker.#caret;
    const { key, name, moves } = this.#caret;
    return other.key === key && other.name === name && other.moves === moves;
  }

  #place(bar: HTMLElement): void {
    bar.dataset['side'] = this.#side;
    bar.style.left = `${this.#box.left}px`;
    bar.style.top = `${this.#box.top}px`;
    bar.style.height = `${this.#box.height}px`;
  }
}

class SelectionMarker implements LayerMarker {
  readonly #box: RectangleMarker;
  readonly #color: string;

  constructor(box: RectangleMarker, color: string) {
    this.#box = box;
    this.#color = color;
  }

  eq(other: LayerMarker): boolean {
    return other instanceof SelectionMarker && other.#color === this.#color
      && other.#box.eq(this.#box);
  }

  draw(): HTMLElement {
    const element = this.#box.draw();
    element.style.background = this.#color;
    return element;
  }
}

function caretMarkers(view: EditorView): LayerMarker[] {
  const width = view.contentDOM.clientWidth;
  return view.state.field(carets).flatMap((caret) => {
    const at = EditorSelection.cursor(Math.min(caret.head, view.state.doc.length));
    return RectangleMarker.forRange(view, '', at)
      .map((box) => new CaretMarker(caret, box, width));
  });
}

function selectionMarkers(view: EditorView): LayerMarker[] {
  const end = view.state.doc.length;
  return view.state.field(carets).flatMap(({ anchor, head, color }) => {
    const range = EditorSelection.range(Math.min(anchor, end), Math.min(head, end));
    if (range.empty) return [];
    return RectangleMarker.forRange(view, 'remote-selection', range)
      .map((box) => new SelectionMarker(box, color));
  });
}

/** Layers over and under the text: nothing of them is in it, so no line breaks differently. */
export const remoteCarets: Extension = [
  carets,
  layer({
    above: false, class: 'remote-selections', markers: selectionMarkers,
    update: (update) => changed(update.startState.field(carets), update.state.field(carets)),
  }),
  layer({
    above: true, class: 'remote-carets', markers: caretMarkers,
    update: (update) => changed(update.startState.field(carets), update.state.field(carets)),
  }),
];

function changed(before: readonly Placed[], now: readonly Placed[]): boolean {
  return before !== now;
}
