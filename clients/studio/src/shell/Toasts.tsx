import { dismiss, useStudio } from '../session/store.ts';
import { Icon } from './Icon.tsx';

/** What the server refused, in its own words, or that all is well again; for a few seconds. */
export function Toasts() {
  const toasts = useStudio((s) => s.toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, tone }) => (
        <div key={id} className="toast" data-testid="toast" data-tone={tone}>
          <p>{text}</p>
          <button type="button" className="icon-button" aria-label="Dismiss"
                  onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
