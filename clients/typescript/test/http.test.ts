import { afterEach, describe, expect, it, vi } from 'vitest';

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
  await expect(api.access.invite('editor')).rejects.toMatchObject({
    name: 'ApiError', code: 'unreachable', status: 0,
  });
});

it('keeps what the server says is wrong', async () => {
  const error = { code: 'forbidden', message: 'Ask an owner.', field: 'role' };
  answer(() => Promise.resolve(Response.json({ error }, { status: 403 })));
  await expect(api.access.invite('editor')).rejects.toEqual(
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

describe('history', () => {
  const asked: [string, RequestInit][] = [];
  const answering = (response: Response): void => {
    asked.length = 0;
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      asked.push([url, init]);
      return Promise.resolve(response);
    });
  };

  it('R1 reads what a kept picture shows from its headers', async () => {
    answering(new Response('jpeg', { headers: {
      'X-Framejam-Seq': '7', 'X-Framejam-Take': '2', 'X-Framejam-Step': '5',
      'X-Framejam-Steps': '8', 'X-Framejam-Grid': '4x3x10x64x48', 'X-Framejam-Exact': '0',
    } }));
    const kept = await api.history(9);
    expect(asked[0]?.[0]).toBe('http://host:1/api/sessions/s1/history/9');
    expect(kept).toMatchObject({
      seq: 7, take: 2, step: 5, steps: 8, columns: 4, rows: 3, frames: 10, width: 64, height: 48,
      exact: false,
    });
    expect(new TextDecoder().decode(kept?.image)).toBe('jpeg');
  });

  it('R1 an exact one says so, and where none is kept there is null', async () => {
    answering(new Response('', { headers: { 'X-Framejam-Exact': '1' } }));
    expect((await api.history(9))?.exact).toBe(true);
    const error = { code: 'not_found', message: 'Nothing is kept.', field: null };
    answering(Response.json({ error }, { status: 404 }));
    expect(await api.history(9)).toBeNull();
    const forbidden = { code: 'unauthorised', message: 'No.', field: null };
    answering(Response.json({ error: forbidden }, { status: 401 }));
    await expect(api.history(9)).rejects.toMatchObject({ code: 'unauthorised' });
  });

  it('R1 lists what is kept', async () => {
    answering(Response.json({ kept: [[3, 1, 8, 8], [7, 2, 5, 8]] }));
    expect(await api.kept()).toEqual([
      { seq: 3, take: 1, step: 8, steps: 8 }, { seq: 7, take: 2, step: 5, steps: 8 },
    ]);
    expect(asked[0]?.[0]).toBe('http://host:1/api/sessions/s1/history');
  });

  it.each([[null, { seq: 9 }], ['dusk', { seq: 9, name: 'dusk' }]])(
    'R4 branches at an event, called %s', async (name, body) => {
      const made = { session: 's2', path: '/s/s2#t', participant: 'p0001' };
      answering(Response.json(made, { status: 201 }));
      await expect(api.branch(9, name)).resolves.toEqual(made);
      const [[url, init] = ['', {}]] = asked;
      expect(url).toBe('http://host:1/api/sessions/s1/branches');
      expect(init.method).toBe('POST');
      expect(JSON.parse(init.body as string)).toEqual(body);
    });

  it('R5 fetches the session as one file', async () => {
    answering(new Response('zip'));
    expect(await (await api.bundle()).text()).toBe('zip');
    expect(asked[0]?.[0]).toBe('http://host:1/api/sessions/s1/bundle');
  });
});
