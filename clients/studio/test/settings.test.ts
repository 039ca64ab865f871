import { describe, expect, it } from 'vitest';

import {
  fromWire, rollSeed, setterOf, settingSoon, toWire, withLora,
} from '../src/settings/settings.ts';
import { FIRST, logOf, onTheirWay } from './log.ts';

describe('settings', () => {
  it('M2 are as the last of us left each, and say who that was', () => {
    const log = logOf({ edit: { kind: 'settings', seed: 5, steps: 9 } },
                      { by: 'grace', edit: { kind: 'settings', seed: 6 } });
    expect(['seed', 'steps', 'fps'].map((knob) => setterOf(log, knob as 'seed')))
      .toEqual(['grace', 'ada', null]);
  });

  it('U3 are the other’s again after an undo', () => {
    const log = logOf({ edit: { kind: 'settings', seed: 5 } },
                      { by: 'grace', edit: { kind: 'settings', seed: 6 } },
                      { by: 'grace', undone: { groups: [FIRST + 1] } });
    expect([setterOf(log, 'seed'), log.settings?.seed]).toEqual(['ada', 5]);
  });

  it('show what is on its way, and not what an undo on its way takes back', () => {
    const { settings } = logOf();
    if (!settings) throw new Error('a log begins with settings');
    const way = onTheirWay({ kind: 'settings', seed: 5 }, { kind: 'settings', seed: 6 });
    expect(settingSoon('seed', settings, way)).toBe(6);
    expect(settingSoon('steps', settings, way)).toBe(8);
    const undone = onTheirWay({ kind: 'settings', seed: 5 }, 'undo');
    expect(settingSoon('seed', settings, undone)).toBe(1);
    expect(settingSoon('seed', settings, onTheirWay({ kind: 'settings', seed: 0 }))).toBe(0);
  });

  it('L3 go over the wire as integers, guidance in hundredths', () => {
    expect(toWire('guidance', '7.5')).toBe(750);
    expect(toWire('guidance', '1,29')).toBe(129);
    expect(fromWire('guidance', 750)).toBe('7.5');
    expect(toWire('seed', '9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('L5 are not given where the server would refuse them', () => {
    for (const [knob, entered] of [['steps', '0'], ['steps', '201'], ['steps', ''], ['fps', 'x'],
      ['seed', '-1'], ['seed', '9007199254740993'], ['guidance', '30.1']] as const) {
      expect([knob, entered, toWire(knob, entered)]).toEqual([knob, entered, null]);
    }
  });

  it('T8 keep one weight for each LoRA, and 0 takes it off', () => {
    const one = withLora([], 'toon', 80);
    expect(withLora(withLora(one, 'ink', 50), 'toon', 30)).toEqual([['ink', 50], ['toon', 30]]);
    expect(withLora(one, 'toon', 0)).toEqual([]);
  });

  it('roll a seed that can be read out', () => {
    expect(rollSeed(() => 0.9999999)).toBe(999_999);
    expect(rollSeed(() => 0)).toBe(0);
  });
});
