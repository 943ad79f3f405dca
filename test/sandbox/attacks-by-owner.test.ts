import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { canBeOwned, type OwnedSandbox, openOwnedSandbox } from '../support/owned-sandbox.ts';
import { resultOf } from '../support/test-sandbox.ts';
import { BREACH, PRELUDE, py } from './attacks/attack.ts';
import { callingAttacks } from './attacks/calling.ts';
import { expectEnding, isForThisProcessor } from './attacks/expect-ending.ts';

/**
 * The attacks on the kernel again, by a user that owns files which all runs share, as on a developer's own machine: to
 * the owner of a file, the kernel grants leases, notifications and hints that it refuses to others.
 */
const when = canBeOwned ? test : test.skip;
let sandbox: OwnedSandbox;
beforeAll(async () => {
  if (canBeOwned) sandbox = await openOwnedSandbox();
});
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

for (const attack of callingAttacks)
  (canBeOwned && isForThisProcessor(attack) ? test : test.skip)(`as owner, ${attack.name}`, async () => {
    const run = await sandbox.run(`${PRELUDE}\n${attack.code}`, { input: { pid: process.pid } });
    expect(JSON.stringify(run)).not.toContain(BREACH);
    expectEnding(run, attack.kernel);
  });

when('the owner of a file that all share cannot hold up those who open it', async () => {
  const lease = py`
    import fcntl, os, time
    held = []
    for folder, _, names in os.walk('/weft/python'):
        for name in names:
            for kind in (0, 1, 2):
                try:
                    file = os.open(os.path.join(folder, name), os.O_RDONLY)
                    fcntl.fcntl(file, 1024, kind)
                    held.append(name)
                except OSError: pass
    print(held, flush=True)
    time.sleep(60)
  `;
  const ending = new AbortController();
  const printed = Promise.withResolvers<void>();
  const holder = sandbox.run(lease, {
    signal: ending.signal,
    onEvent: () => printed.resolve(),
    timeoutMs: 60_000,
  });
  await Promise.race([printed.promise, holder]);
  const open =
    "import os\nfor name in os.listdir('/weft/python'):\n  if '.' in name: open('/weft/python/' + name).close()\nresult = 'opened'";
  expect(resultOf(await sandbox.run(open))).toBe('opened');
  ending.abort({ force: true });
  expect((await holder).stdout).toBe('[]\n');
});

when('the server still works after all of that', async () => {
  expect(await sandbox.probe()).toBe('well');
});
