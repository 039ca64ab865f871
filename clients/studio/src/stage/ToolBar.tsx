import { BrushSize, Swatches } from '../brush/BrushOptions.tsx';
import { DragHint, DragReach } from '../drag/DragOptions.tsx';
import { useStudio, whyReadOnly, type Tool } from '../session/store.ts';
import { Icon, type IconName } from '../shell/Icon.tsx';
import { chooseTool } from './tools.ts';

const TOOLS: readonly (readonly [tool: Tool, name: string, key: string, icon: IconName])[] = [
  ['select', 'Point', 'V', 'pointer'],
  ['brush', 'Paint', 'B', 'brush'],
  ['drag', 'Drag', 'D', 'drag'],
];

/** The tools above the stage and what can be set about the one in hand. Nothing here moves. */
export function ToolBar() {
  const tool = useStudio((s) => s.tool);
  const reason = useStudio(whyReadOnly);
  const off = reason !== null;
  const inHand = off ? 'select' : tool;

  return (
    <div className="tool-bar" role="toolbar" aria-label="Tools" title={reason ?? undefined}>
      <div className="segmented">
        {TOOLS.map(([one, name, key, icon]) => (
          <button
            key={one} type="button" aria-pressed={inHand === one} data-testid={`tool-${one}`}
            disabled={off && one !== 'select'} title={`${name} (${key})`} aria-label={name}
            onClick={() => chooseTool(one)}
          >
            <Icon name={icon} />
          </button>
        ))}
      </div>
      <div className="tool-middle">
        <Swatches off={off} hidden={inHand === 'drag'} />
        {inHand === 'drag' && <DragHint />}
      </div>
      {inHand === 'drag' ? <DragReach /> : <BrushSize off={off} />}
      {off && <span className="read-only">{reason}</span>}
    </div>
  );
}
