import { Comments } from '../comments/Comments.tsx';
import { History } from '../history/History.tsx';
import { UndoRedo } from '../history/UndoRedo.tsx';
import { useStudio, type Tab } from '../session/store.ts';
import { SettingsPanel } from '../settings/SettingsPanel.tsx';
import { Icon, type IconName } from './Icon.tsx';

/** History, comments or settings: one of them has the room. */
export function Tabs() {
  const tab = useStudio((s) => s.tab);
  const gestures = useStudio((s) => s.log.groups.length);
  const open = useStudio((s) => s.log.comments.filter((c) => !c.instruction.resolved).length);
  return (
    <section className="tabbed" aria-label="Session">
      <header>
        <div className="tabs" role="tablist">
          <TabButton tab="history" title="History" count={gestures} />
          <TabButton tab="comments" title="Comments" count={open} />
          <TabButton tab="settings" title="Settings" icon="tune" />
        </div>
        <UndoRedo />
      </header>
      <div className="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'history' && <History />}
        {tab === 'comments' && <Comments />}
        {tab === 'settings' && <SettingsPanel />}
      </div>
    </section>
  );
}

interface Props {
  readonly tab: Tab;
  readonly title: string;
  readonly count?: number;
  /** In the place of the title. */
  readonly icon?: IconName;
}

function TabButton({ tab, title, count = 0, icon }: Props) {
  const selected = useStudio((s) => s.tab === tab);
  return (
    <button
      type="button" role="tab" id={`tab-${tab}`} aria-selected={selected} data-testid={`tab-${tab}`}
      title={title} aria-label={icon && title} onClick={() => useStudio.setState({ tab })}
    >
      {icon ? <Icon name={icon} /> : title}{count > 0 && <span className="count">{count}</span>}
    </button>
  );
}
