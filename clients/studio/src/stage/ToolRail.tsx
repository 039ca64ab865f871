import { useStudio, type Tool } from '../session/store.ts';
import { Icon, type IconName } from '../shell/Icon.tsx';
import { chooseTool, toolInHand, whyToolOff } from './tools.ts';

type Entry = readonly [tool: Tool, name: string, key: string, icon: IconName];

/** In groups: point; paint; words for a part; movement; hold; talk. */
const GROUPS: readonly (readonly Entry[])[] = [
  [['select', 'Point', 'V', 'pointer']],
  [
    ['brush', 'Paint', 'B', 'brush'],
    ['recolour', 'Recolour', 'H', 'drop'],
    ['erase', 'Erase paint', 'E', 'eraser'],
  ],
  [['region', 'Change a part by words', 'R', 'region']],
  [
    ['drag', 'Drag', 'D', 'drag'],
    ['trajectory', 'Draw a path', 'T', 'path'],
    ['camera', 'Move the camera', 'M', 'camera'],
  ],
  [['lock', 'Hold still', 'L', 'lock']],
  [
    ['comment', 'Comment', 'C', 'comment'],
    ['who', 'Who did this? Also Alt+click with any tool', 'W', 'who'],
  ],
];

/** The tools, beside the stage. */
export function ToolRail() {
  return (
    <div
      className="tool-rail" role="toolbar" aria-label="Tools" aria-orientation="vertical"
      data-testid="tools"
    >
      {GROUPS.map((group) => (
        <div key={group[0]?.[0]} className="tool-group">
          {group.map(([tool, name, key, icon]) => (
            <ToolButton key={tool} tool={tool} title={`${name} (${key})`} icon={icon} />
          ))}
        </div>
      ))}
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
