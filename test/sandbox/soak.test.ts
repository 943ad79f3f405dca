import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { descriptorsOf, holdingsAtRest, soak } from '../support/soak.ts';
import { openTestSandbox } from '../support/test-sandbox.ts';

test('200 runs, a tenth of them hostile, leave no process, descriptor, file or megabyte behind', async () => {
  const sandbox = await openTestSandbox({ idleCells: 4 });
  await soak(sandbox, 40, 10); // loads and compiles everything once
  const before = await holdingsAtRest(sandbox, PROCESSES_AT_REST);
  await soak(sandbox, 200, 10);
  const after = await holdingsAtRest(sandbox, PROCESSES_AT_REST);
  const { serverMb, forkServerMb, serverDescriptors, ...counts } = after;
  expect(counts).toEqual({
    ...counts,
    processes: before.processes,
    zombies: 0,
    forkServerDescriptors: before.forkServerDescriptors,
    files: before.files,
  });
  // Node closes the last ones when the fork-server has reported the end of their cells.
  await eventually(
    `${serverDescriptors} descriptors become ${before.serverDescriptors}`,
    () => descriptorsOf(process.pid) <= before.serverDescriptors,
  );
  expect(serverMb - before.serverMb).toBeLessThan(40);
  expect(forkServerMb - before.forkServerMb).toBeLessThan(3);
  await sandbox[Symbol.asyncDispose]();
  expect(existsSync(sandbox.runFolder)).toBe(false);
});

test('what code does behind its result is not emitted, and a refused call ends it', async () => {
  await using sandbox = await openTestSandbox({ idleCells: 4 });
  const code = [
    'import ctypes, threading, time',
    'def go_on():',
    '  while True:',
    '    time.sleep(0.1)',
    '    ctypes.CDLL(None).ptrace(0, 0, 0, 0)',
    'threading.Thread(target=go_on, daemon=True).start()',
    'result = 1',
  ].join('\n');
  const { outcome, events } = await sandbox.run(code);
  const eventsAtOutcome = events.length;
  await holdingsAtRest(sandbox, PROCESSES_AT_REST);
  expect(outcome).toMatchObject({ kind: 'succeeded' });
  expect(events).toHaveLength(eventsAtOutcome);
});

/** bubblewrap, PID 1 of its room, the fork-server, and four waiting cells. */
const PROCESSES_AT_REST = 3 + 4;
