import { BrushSize, Swatches } from '../brush/BrushOptions.tsx';
import { DragHint, DragReach } from '../drag/DragOptions.tsx';
import { useStudio, whyReadOnly, type Tool } from '../session/store.ts';
import { Icon, type IconName } from '../shell/Icon.tsx';
import { chooseTool, toolInHand, whyToolOff } from './tools.ts';

const TOOLS: readonly (readonly [tool: Tool, name: string, key: string, icon: IconName])[] = [
  ['select', 'Point', 'V', 'pointer'],
  ['brush', 'Paint', 'B', 'brush'],
  ['erase', 'Erase paint', 'E', 'eraser'],
  ['drag', 'Drag', 'D', 'drag'],
  ['comment', 'Comment', 'C', 'comment'],
  ['who', 'Who did this? Also Alt+click with any tool', 'W', 'who'],
];

/** Tools that say what to do with them, in the place of the colours. */
const HINTS: Readonly<Partial<Record<Tool, string>>> = {
  erase: 'Takes away paint, down to the picture.',
  comment: 'Press on a point of the clip to say something about it.',
  who: 'Press on a point of the clip to see who did what there.',
};

/** The tools above the stage and what can be set about the one in hand. Nothing here moves. */
export function ToolBar() {
  const inHand = useStudio(toolInHand);
  const reason = useStudio(whyReadOnly);
  const off = reason !== null;
  const hint = HINTS[inHand];

  return (
    <div className="tool-bar" role="toolbar" aria-label="Tools" data-off={off}>
      <div className="segmented">
        {TOOLS.map(([one, name, key, icon]) => (
          <ToolButton key={one} tool={one} title={`${name} (${key})`} icon={icon} />
        ))}
      </div>
      <div className="tool-middle">
        <Swatches off={off} hidden={inHand === 'drag' || hint !== undefined} />
        {inHand === 'drag' && <DragHint />}
        {hint !== undefined && <p className="tool-hint" data-testid="tool-hint">{hint}</p>}
      </div>
      {inHand === 'drag' ? <DragReach />
        : <BrushSize off={off} hidden={inHand === 'comment' || inHand === 'who'} />}
      {off && <span className="read-only">{hint ?? reason}</span>}
    </div>
  );
}

function ToolButton({ tool, title, icon }: { tool: Tool; title: string; icon: IconName }) {
  const inHand = useStudio((s) => toolInHand(s) === tool);
  const reason = useStudio((s) => whyToolOff(s, tool));
  return (
    <button
      type="button" aria-pressed={inHand} data-testid={`tool-${tool}`} disabled={reason !== null}
      title={reason ?? title} aria-label={title} onClick={() => chooseTool(tool)}
    >
      <Icon name={icon} />
    </button>
  );
}
