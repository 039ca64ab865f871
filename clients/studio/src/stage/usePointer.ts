/** Pointer to presence and gestures: shown at once, told to others live, given when it lifts. */

import { toPoint, type Point } from 'framejam';
import { useEffect, type RefObject } from 'react';

import { beginStroke } from '../brush/stroke.ts';
import { beginPull } from '../drag/pull.ts';
import { beginView } from '../camera/pull.ts';
import { beginOutline } from '../outline/draw.ts';
import { tellPointer } from '../session/presence.ts';
import { useStudio, type Tool } from '../session/store.ts';
import { beginPath } from '../trajectory/draw.ts';
import { askWho } from '../who/ask.ts';
import { closeCard, openCard } from './card.ts';
import { atFirstFrame, goToFirstFrame, needsFirstFrame, toolInHand } from './tools.ts';

/** What a pressed pointer does, from the press on. Only `give` makes an edit of it. */
export interface Gesture {
  /** The pointer went on, over these places. */
  extend(points: readonly Point[]): void;
  give(): void;
  /** It ends without a trace. */
  drop(): void;
}

interface UnderWay {
  readonly pointer: number;
  readonly isTouch: boolean;
  readonly gesture: Gesture;
}

/** Listen to the pointer on the stage: mouse, pen and touch alike. */
export function usePointer(stage: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    let underWay: UnderWay | null = null;

    const at = (event: PointerEvent): Point => {
      const box = element.getBoundingClientRect();
      return toPoint((event.clientX - box.left) / box.width,
                     (event.clientY - box.top) / box.height);
    };
    const enter = (event: PointerEvent): void => {
      const state = useStudio.getState();
      // A finger or a pen may arrive by pressing, at what it sees: the press itself goes back
      // (beginPull).
      if (event.pointerType !== 'mouse' || underWay) return;
      if (needsFirstFrame(toolInHand(state)) && !atFirstFrame(state)) goToFirstFrame();
    };
    const begin = (event: PointerEvent): void => {
      if (event.button !== 0 || isOnCard(event.target)) return;
      const tool = event.altKey ? 'who' : toolInHand(useStudio.getState());
      closeCard();
      if (tool === 'select') return;
      if (underWay) {
        // The touch before a pen is the hand that holds it.
        if (!underWay.isTouch || event.pointerType !== 'pen') return;
        drop();
      }
      event.preventDefault();
      // Typing ends where painting begins: the shortcuts of the tools work at once.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      const gesture = begun(tool, at(event), element);
      if (!gesture) return;
      const pointer = event.pointerId;
      underWay = { pointer, isTouch: event.pointerType === 'touch', gesture };
      element.setPointerCapture(pointer);
      tellPointer(at(event));
    };
    const move = (event: PointerEvent): void => {
      if (underWay) {
        if (event.pointerId !== underWay.pointer) return;
        underWay.gesture.extend(stepsOf(event).map(at));
      }
      tellPointer(at(event));
    };
    const lift = (event: PointerEvent): void => {
      if (event.pointerId !== underWay?.pointer) return;
      const { gesture } = underWay;
      underWay = null;
      gesture.give();
      tellPointer(at(event));
    };
    const drop = (): void => {
      underWay?.gesture.drop();
      underWay = null;
      tellPointer(null);
    };
    const cancel = (event: PointerEvent): void => {
      if (event.pointerId === underWay?.pointer) drop();
    };
    const leave = (): void => {
      if (!underWay) tellPointer(null);
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && underWay) drop();
    };

    element.addEventListener('pointerenter', enter);
    element.addEventListener('pointerdown', begin);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', lift);
    element.addEventListener('pointercancel', cancel);
    // It follows every lift; alone it comes where the lift went elsewhere, and the gesture is over.
    element.addEventListener('lostpointercapture', lift);
    element.addEventListener('pointerleave', leave);
    window.addEventListener('keydown', escape);
    return () => {
      element.removeEventListener('pointerenter', enter);
      element.removeEventListener('pointerdown', begin);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', lift);
      element.removeEventListener('pointercancel', cancel);
      element.removeEventListener('lostpointercapture', lift);
      element.removeEventListener('pointerleave', leave);
      window.removeEventListener('keydown', escape);
    };
  }, [stage]);
}

/** What a press with a tool begins; null where the press is all there is to it. */
function begun(tool: Tool, at: Point, stage: HTMLElement): Gesture | null {
  switch (tool) {
    case 'brush':
    case 'recolour':
    case 'erase': return beginStroke(at, tool);
    case 'region':
    case 'lock': return beginOutline(tool, at, stage.getBoundingClientRect());
    case 'trajectory': return beginPath(at, stage.getBoundingClientRect());
    case 'camera': return beginView(at, stage.getBoundingClientRect());
    case 'drag': return beginPull(at, stage.getBoundingClientRect());
    case 'comment': openCard({ kind: 'write', at }); return null;
    case 'who': askWho(at); return null;
    case 'select': return null;
  }
}

/** Pins and cards lie on the stage and are pressed for themselves. */
function isOnCard(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[data-on-stage]') !== null;
}

/** Every place on the way, where the browser tells them: it does on secure pages only. */
function stepsOf(event: PointerEvent): readonly PointerEvent[] {
  const steps = 'getCoalescedEvents' in event ? event.getCoalescedEvents() : [];
  return steps.length ? steps : [event];
}
