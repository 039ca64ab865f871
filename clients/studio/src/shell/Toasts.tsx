import { dismiss, useStudio } from '../session/store.ts';
import { Icon } from './Icon.tsx';

/** What the server refused, in its own words, for a few seconds. */
export function Toasts() {
  const toasts = useStudio((s) => s.toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text }) => (
        <div key={id} className="toast" data-testid="toast">
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
