import type { Instruction, Welcome } from 'framejam';
import { beforeEach, describe, expect, it, vi } from 'vitest';

// The page that the store asks about: nobody who wants it calm, no picture yet.
vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) });
vi.stubGlobal('document', { createElement: () => ({}) });
const { useStudio } = await import('../src/session/store.ts');
const { chooseTool } = await import('../src/stage/tools.ts');
const { beginPull } = await import('../src/drag/pull.ts');
const { BIGGEST, resizeReach, SMALLEST } = await import('../src/drag/drag.ts');

const STAGE = { width: 600, height: 600 };
const untouched = useStudio.getState();
let given: Instruction[];

beforeEach(() => {
  given = [];
  const session = { edit: (instruction: Instruction) => given.push(instruction) };
  useStudio.setState({
    ...untouched, playing: true, frame: 5, status: { phase: 'live' },
    welcome: { role: 'editor' } as Welcome,
    session: session as unknown as typeof untouched.session,
  });
});

const stage = (): unknown[] => {
  const { playing, frame, pulling } = useStudio.getState();
  return [playing, frame, pulling];
};

describe('the drag tool', () => {
  it('stops the clip at its first frame, and lets it play again when it is laid down', () => {
    chooseTool('drag');
    expect(stage()).toEqual([false, 0, null]);
    chooseTool('drag');
    chooseTool('brush');
    expect(useStudio.getState()).toMatchObject({ tool: 'brush', playing: true });
  });

  it('leaves a clip that stood still standing still', () => {
    useStudio.setState({ playing: false });
    chooseTool('drag');
    chooseTool('select');
    expect(useStudio.getState()).toMatchObject({ tool: 'select', playing: false });
  });

  it('A1 is not for those who change nothing', () => {
    useStudio.setState({ welcome: { role: 'viewer' } as Welcome });
    chooseTool('drag');
    expect(useStudio.getState()).toMatchObject({ tool: 'brush', playing: true, frame: 5 });
  });

  it('L6 makes one edit of a pull, and plays the clip', () => {
    chooseTool('drag');
    const pull = beginPull([100, 200], STAGE);
    for (const x of [5_000, 9_000, 20_000]) pull?.extend([[x - 1, 200], [x, 200]]);
    expect(stage()).toEqual([false, 0, { start: [100, 200], end: [20_000, 200], radius: 16384 }]);
    expect(given).toEqual([]);
    pull?.give();
    expect(given).toEqual(
      [{ kind: 'drag', start: [100, 200], end: [20_000, 200], radius: 16384 }]);
    expect(stage()).toEqual([true, 0, null]);
  });

  it('takes a press that trembled for none, and Escape for a change of mind', () => {
    chooseTool('drag');
    const trembled = beginPull([0, 0], STAGE);
    trembled?.extend([[500, 0]]);
    trembled?.give();
    const dropped = beginPull([0, 0], STAGE);
    dropped?.extend([[50_000, 0]]);
    dropped?.drop();
    expect(given).toEqual([]);
    expect(stage()).toEqual([false, 0, null]);
  });

  it('takes no hold on another frame than the first: that press goes back to it', () => {
    chooseTool('drag');
    useStudio.setState({ frame: 3 });
    expect(beginPull([0, 0], STAGE)).toBeNull();
    expect(stage()).toEqual([false, 0, null]);
    useStudio.setState({ playing: true });
    expect(beginPull([0, 0], STAGE)).toBeNull();
    expect(stage()).toEqual([false, 0, null]);
  });

  it('keeps its radius in bounds', () => {
    resizeReach(1e9);
    expect(useStudio.getState().reach).toBe(BIGGEST);
    resizeReach(0);
    expect(useStudio.getState().reach).toBe(SMALLEST);
  });
});
