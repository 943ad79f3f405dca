import type { IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { makeGuard } from '../../../server/shared/http/guard.ts';
import type { Logger } from '../../../server/shared/logger.ts';

test('a client that makes up origins fills neither the log nor the memory', () => {
  const { guard, warnings } = makeLoggedGuard([]);
  for (let n = 0; n < 1_000; n++)
    expect(() => guard.admit(from(`https://${n}.example`))).toThrow('WEFT_ALLOWED_ORIGINS');
  expect(warnings).toHaveLength(101);
  expect(warnings[100]).toMatch(/names no further ones/);
});

test.each(['null', 'chrome-extension://abcdef', `https://${'x'.repeat(10_000)}.example`])(
  'no setting is suggested for an origin that none can allow: %.40s',
  (origin) => {
    const { guard, warnings } = makeLoggedGuard([]);
    expect(() => guard.admit(from(origin))).toThrow('No setting');
    expect(warnings).toEqual([expect.not.stringContaining('WEFT_ALLOWED_ORIGINS')]);
    expect(warnings[0]!.length).toBeLessThan(500);
  },
);

test('a process without allowed origins suggests no setting', () => {
  const { guard, warnings } = makeLoggedGuard(null);
  expect(() => guard.admit(from('https://page.example'))).toThrow('No setting');
  expect(warnings).toEqual([expect.stringContaining('https://page.example')]);
});

test('a refused host is logged with the origin that would allow it', () => {
  const { guard, warnings } = makeLoggedGuard(['https://one.example']);
  const request = { headers: { host: 'weft.example:4000' } } as IncomingMessage;
  expect(() => guard.admit(request)).toThrow('add http://weft.example:4000 to WEFT_ALLOWED_ORIGINS');
  expect(warnings).toEqual([
    expect.stringMatching(/WEFT_ALLOWED_ORIGINS=https:\/\/one.example,http:\/\/weft.example:4000$/),
  ]);
});

function makeLoggedGuard(allowedOrigins: string[] | null) {
  const warnings: string[] = [];
  const logger = { warn: (...parts: unknown[]) => warnings.push(String(parts.at(-1))) } as unknown as Logger;
  return { guard: makeGuard({ host: '127.0.0.1', allowedOrigins, logger }), warnings };
}

function from(origin: string): IncomingMessage {
  return { headers: { host: 'localhost:4000', origin } } as IncomingMessage;
}
