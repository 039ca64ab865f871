import { afterEach, expect, it, vi } from 'vitest';

import { ApiError, HttpApi } from '../src/index.ts';

const api = new HttpApi('http://host:1', 's1', () => 'token');

afterEach(() => vi.unstubAllGlobals());

function answer(response: () => Promise<Response>): void {
  vi.stubGlobal('fetch', response);
}

it.each([
  ['no connection', () => Promise.reject(new TypeError('failed to fetch'))],
  ['a page of a proxy', () => Promise.resolve(new Response('<html>'))],
  ['a break in mid-answer', () => Promise.resolve(new Response(new ReadableStream({
    pull: (body) => body.error(new TypeError('network error')),
  })))],
])('%s is an ApiError with words for people', async (_, response) => {
  answer(response);
  await expect(api.invite('editor')).rejects.toMatchObject({
    name: 'ApiError', code: 'unreachable', status: 0,
  });
});

it('keeps what the server says is wrong', async () => {
  const error = { code: 'forbidden', message: 'Ask an owner.', field: 'role' };
  answer(() => Promise.resolve(Response.json({ error }, { status: 403 })));
  await expect(api.invite('editor')).rejects.toEqual(
    new ApiError(403, 'forbidden', 'Ask an owner.', 'role'));
});

it('M6 asks who is seen at a point of a frame', async () => {
  const asked: [string, unknown][] = [];
  const told = {
    take: 2, seq: 9, frame: 3, x: 32768, y: 100,
    instructions: [{
      edit: 4, group: 4, kind: 'paint', author: 'p0001', name: 'Ada', weight: 65536,
      prompt: null, revised_by: 'p0002',
    }],
  };
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push([url, init.headers]);
    return Promise.resolve(Response.json(told));
  });
  await expect(api.who(32768, 100, 3)).resolves.toEqual(told);
  expect(asked).toEqual([[
    'http://host:1/api/sessions/s1/who?x=32768&y=100&frame=3', { Authorization: 'Bearer token' },
  ]]);
});

it('T8 lists the takes with what they have finished', async () => {
  const settings = { seed: 7 };
  const takes = [
    { take: 1, settings, in_force: false, finished: { seq: 9, digest: 'ab', at: 5 } },
    { take: 2, settings, in_force: true, finished: null },
  ];
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    return Promise.resolve(Response.json({ takes }));
  });
  await expect(api.takes()).resolves.toEqual(takes);
  expect(asked).toEqual(['http://host:1/api/sessions/s1/takes']);
});
