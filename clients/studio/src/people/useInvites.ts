import type { Audited, Invite } from 'framejam';
import { useCallback, useEffect, useState } from 'react';

import { sayWhy, useStudio } from '../session/store.ts';

export interface Invites {
  /** Null until the server has told. */
  readonly invites: readonly Invite[] | null;
  /** Who came by which is told there. */
  readonly trail: readonly Audited[];
  /** Why they are not known; null where they are, or will be in a moment. */
  readonly problem: string | null;
  readonly refresh: () => Promise<void>;
}

/** The session's invites as the server has them, asked for again whenever somebody comes. */
export function useInvites(): Invites {
  const session = useStudio((s) => s.session);
  const count = useStudio((s) => s.log.participants.size);
  const [invites, setInvites] = useState<readonly Invite[] | null>(null);
  const [trail, setTrail] = useState<readonly Audited[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const refresh = useCallback(async (): Promise<void> => {
    if (!session) return;
    try {
      const { access } = session.http;
      const [found, told] = await Promise.all([access.invites(), access.audit()]);
      setInvites(found);
      setTrail(told);
      setProblem(null);
    } catch (error) {
      setProblem(sayWhy(error));
    }
  }, [session]);
  useEffect(() => void refresh(), [refresh, count]);
  return { invites, trail, problem, refresh };
}
