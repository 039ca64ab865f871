import { UNIT } from 'framejam';
import { useRef } from 'react';
import { useShallow } from 'zustand/react/shallow';

import { framesInWords, percent } from '../history/describe.ts';
import { useStudio, type Giver, type StudioState } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { usePopover } from '../shell/usePopover.ts';
import { clipOf, framesIn, hasStrength, reruns } from './how.ts';
import { HowCard } from './HowCard.tsx';

/** How firmly, how deep and in which frames the tool in hand gives; a press opens what sets it. */
export function HowButton({ tool }: { tool: Giver }) {
  const open = useStudio((s) => s.howOpen);
  const host = useRef<HTMLDivElement>(null);
  const words = useStudio((s) => inWords(tool, s));
  usePopover(host, open, close);
  return (
    <div className="how" ref={host}>
      <button
        type="button" className="button how-button" data-testid="how" aria-expanded={open}
        aria-haspopup="dialog" aria-label="Strength, depth and frames of this tool"
        title={`${words} (F)`}
        onClick={() => useStudio.setState({ howOpen: !open })}
      >
        <Icon name="tune" /> <Summary tool={tool} />
      </button>
      {open && <HowCard tool={tool} />}
    </div>
  );
}

/** What the numbers on the button mean. */
function inWords(tool: Giver, state: StudioState): string {
  const { strength, depth, frames } = state.hows[tool];
  const { steps, count } = clipOf(state);
  const within = framesIn(frames, count);
  return [
    ...(hasStrength(tool) ? [`Strength ${percent(strength)}`] : []),
    `re-runs ${reruns(tool, depth, steps)} of ${steps} steps`,
    within === null ? `all ${count} frames` : framesInWords(within),
  ].join(', ');
}

function close(): void {
  useStudio.setState({ howOpen: false });
}

/** All three in as little room as there is; what is not as usual stands out. */
function Summary({ tool }: { tool: Giver }) {
  const { strength, depth, frames } = useStudio((s) => s.hows[tool]);
  const { steps, count } = useStudio(useShallow(clipOf));
  const within = framesIn(frames, count);
  return (
    <span className="how-summary">
      {hasStrength(tool) && (
        <span data-changed={strength !== UNIT} data-testid="how-strength">
          {percent(strength)}
        </span>
      )}
      <span data-changed={depth !== null} data-testid="how-depth">
        {reruns(tool, depth, steps)} of {steps}
      </span>
      <span data-changed={within !== null} data-testid="how-frames">
        {(within?.[0] ?? 0) + 1}–{(within?.[1] ?? count - 1) + 1}
      </span>
    </span>
  );
}
