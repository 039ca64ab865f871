import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { HttpApi } from '../src/index.ts';

const { access } = new HttpApi('http://host:1', 's1', () => 'token');
const AT = 'http://host:1/api/sessions/s1';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

let asked: Asked[];
let answers: unknown[];

beforeEach(() => {
  [asked, answers] = [[], []];
  vi.stubGlobal('fetch', (url: string, { method = 'GET', body }: RequestInit) => {
    asked.push({
      method, path: url.slice(AT.length), body: body === undefined ? null : JSON.parse(String(body)),
    });
    const answer = answers.shift();
    return Promise.resolve(new Response(answer === undefined ? '' : JSON.stringify(answer)));
  });
});

afterEach(() => vi.unstubAllGlobals());

describe('A1 owners', () => {
  it('invite with the bounds they give, and no others', async () => {
    answers = [{ path: '/s/s1#t' }, { path: '/s/s1#u' }];
    await expect(access.invite('viewer')).resolves.toEqual({ path: '/s/s1#t' });
    await access.invite('editor', { expiresInS: 3600, maxUses: 2, label: 'crew' });
    expect(asked).toEqual([
      { method: 'POST', path: '/invites', body: { role: 'viewer' } },
      { method: 'POST', path: '/invites',
        body: { role: 'editor', expires_in_s: 3600, max_uses: 2, label: 'crew' } },
    ]);
  });

  it('change roles, hand over, remove, revoke and delete', async () => {
    await access.assign('p/1', 'viewer');
    await access.assign('p2', 'owner', true);
    await access.remove('p2');
    await access.revoke('i1');
    await access.deleteSession();
    expect(asked).toEqual([
      { method: 'PATCH', path: '/people/p%2F1', body: { role: 'viewer' } },
      { method: 'PATCH', path: '/people/p2', body: { role: 'owner', hand_over: true } },
      { method: 'DELETE', path: '/people/p2', body: null },
      { method: 'DELETE', path: '/invites/i1', body: null },
      { method: 'DELETE', path: '', body: null },
    ]);
  });

  it('read all of the trail, page by page', async () => {
    const entry = (id: number) => ({ id, at: 0, kind: 'joined', who: 'p', about: 'i', detail: '' });
    answers = [{ entries: [entry(3), entry(2)] }, { entries: [entry(1)] }];
    expect((await access.audit()).map(({ id }) => id)).toEqual([3, 2, 1]);
    expect(asked.map(({ path }) => path)).toEqual(['/audit', '/audit?before=2']);
    // Older ones may be gone by then: the last page is empty.
    answers = [{ entries: [entry(9)] }, { entries: [] }];
    expect((await access.audit()).map(({ id }) => id)).toEqual([9]);
  });
});
