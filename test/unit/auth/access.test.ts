import fc from 'fast-check';
import { openAccess } from '../../../server/auth/access.ts';
import { type Principal, reachOf, withIncluded } from '../../../server/auth/principal.ts';
import { hashOf, newSecret } from '../../../server/auth/token-secret.ts';
import type { WakeListener } from '../../../server/journal/hub.ts';
import { NO_ALLOWANCE } from '../../../server/shared/allowance.ts';
import { makeLogger } from '../../../server/shared/logger.ts';
import { until } from '../../support/until.ts';

/** A table of tokens in memory, that counts how often it is read, and the hub that tells of revocations. */
function open(apiToken?: string) {
  const rows = new Map<string, Principal>();
  const ended = new Set<string>();
  const counts = { found: 0 };
  const project = { id: 'project:default', owner: 'the project default', ...NO_ALLOWANCE };
  let wake: WakeListener = () => {};
  const access = openAccess({
    apiToken,
    tokens: {
      async find(hash) {
        counts.found += 1;
        const row = rows.get(hash.toString('hex'));
        return row === undefined || ended.has(row.id) ? null : { ...row };
      },
      ended: async (ids) => ids.filter((id) => ended.has(id)),
    },
    projects: { find: () => project, refresh: async () => {} },
    oidc: null,
    hub: {
      listen(topic, _id, listener) {
        if (topic === 'token') wake = listener;
        return () => {};
      },
    },
    logger: makeLogger('silent'),
  });
  return {
    access,
    counts,
    add(id: string): string {
      const secret = newSecret();
      const scopes = withIncluded(['READ']);
      const row: Principal = {
        id,
        name: id,
        kind: 'SERVICE',
        scopes,
        projects: ['default'],
        reach: reachOf('default'),
        accounts: [],
        expiresAt: null,
      };
      rows.set(hashOf(secret).toString('hex'), row);
      return secret;
    },
    revoke(id: string): void {
      ended.add(id);
      wake(id, 'remote');
    },
  };
}

const refused = (access: ReturnType<typeof open>['access'], authorization: string | undefined) =>
  Promise.resolve()
    .then(() => access.authenticate(authorization))
    .then(
      ({ id }) => id,
      ({ status }) => status,
    );

test('a token is looked up once for many requests, and is one principal for all of them', async () => {
  const { access, add, counts } = open('a token of the setting');
  const secret = add('tok_1');
  const first = await access.authenticate(`Bearer ${secret}`);
  for (let n = 0; n < 1_000; n++) expect(access.authenticate(`Bearer ${secret}`)).toBe(first);
  expect(counts.found).toBe(1);
  access[Symbol.dispose]();
});

test('a revocation is looked up at once, and ends what is open', async () => {
  const { access, add, revoke } = open('a token of the setting');
  const [secret, other] = [add('tok_1'), add('tok_2')];
  const principal = await access.authenticate(`Bearer ${secret}`);
  const stays = await access.authenticate(`Bearer ${other}`);
  const ends: string[] = [];
  access.watch(principal, () => ends.push('first'));
  access.watch(principal, () => ends.push('second'));
  access.watch(principal, () => ends.push('left'))();
  access.watch(stays, () => ends.push('of another'));
  revoke('tok_1');
  await until(() => ends.length > 0);
  expect(ends).toEqual(['first', 'second']);
  expect(await refused(access, `Bearer ${secret}`)).toBe(401);
  expect(await refused(access, `Bearer ${other}`)).toBe('tok_2');
  access[Symbol.dispose]();
});

test('a setting that looks like a token of ours is the first administrator all the same', async () => {
  const apiToken = newSecret();
  const { access } = open(apiToken);
  expect(await refused(access, `Bearer ${apiToken}`)).toBe('api-token');
  expect(await refused(access, `Bearer ${newSecret()}`)).toBe(401);
  access[Symbol.dispose]();
});

test('no other text is anybody, and what cannot be a token asks no database', async () => {
  const { access, add, counts } = open('a token of the setting');
  const secret = add('tok_1');
  const nearby = fc.tuple(fc.nat(secret.length), fc.string({ maxLength: 3 })).map(([at, put]) => {
    const text = secret.slice(0, at) + put + secret.slice(at + 1);
    return text === secret ? `${secret}x` : text;
  });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), nearby),
      fc.constantFrom('', 'Bearer ', 'bearer ', 'Basic '),
      async (text, by) => {
        expect(await refused(access, by + text)).toBe(401);
      },
    ),
    { numRuns: 2_000 },
  );
  expect(await refused(access, undefined)).toBe(401);
  const { found } = counts;
  for (const text of ['weft_', 'weft_short', `${secret}x`, `weft_${'ä'.repeat(43)}`])
    await refused(access, `Bearer ${text}`);
  expect(counts.found).toBe(found);
  access[Symbol.dispose]();
});
