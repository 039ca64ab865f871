import { useStudio } from '../session/store.ts';

/** What to call a participant: "You", their name, or the server. */
export function usePersonName(participant: string): string {
  return useStudio((s) => {
    if (participant === s.welcome?.participant) return 'You';
    return s.log.participants.get(participant)?.name ?? 'Somebody';
  });
}
