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
