import { useEffect, useRef, useState, type ReactNode } from 'react';

import { sayWhy, toast } from '../session/store.ts';

interface Props {
  /** What the button says, and what it is about where that is not plain from beside it. */
  readonly words: ReactNode;
  readonly label?: string;
  readonly className: string;
  readonly testid: string;
  /** What happens, asked in the button's place before it does. */
  readonly question: string;
  readonly yes: string;
  readonly act: () => Promise<void>;
}

/** A button whose deed is asked about once, in its place; Escape or "Keep" leaves all as it is. */
export function AskFirst({ words, label, className, testid, question, yes, act }: Props) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const kept = useRef(false);
  useEffect(() => {
    if (!asking && kept.current) button.current?.focus();
    kept.current = asking;
  }, [asking]);

  if (!asking) {
    return (
      <button
        ref={button} type="button" className={className} data-testid={testid} aria-label={label}
        onClick={() => setAsking(true)}
      >
        {words}
      </button>
    );
  }
  const doIt = async (): Promise<void> => {
    setBusy(true);
    try {
      await act();
    } catch (error) {
      toast(sayWhy(error));
    }
    setBusy(false);
    setAsking(false);
  };
  return (
    <div
      className="ask" role="alertdialog" aria-label={question} data-testid={`${testid}-ask`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation(); // only this question closes, not the card it is on
        setAsking(false);
      }}
    >
      <p>{question}</p>
      <div className="form-row">
        <button type="button" className="button" autoFocus disabled={busy}
                onClick={() => setAsking(false)}>
          Keep
        </button>
        <button type="button" className="button danger" data-testid={`${testid}-yes`}
                disabled={busy} onClick={() => void doIt()}>
          {yes}
        </button>
      </div>
    </div>
  );
}
