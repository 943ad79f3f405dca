import { afterAll, expect, test } from '@jest/globals';
import type { LateViolation, PythonViolation } from '../../server/sandbox/backend.ts';
import { errorOf, openTestSandbox, type TestRun } from '../support/test-sandbox.ts';

const sandbox = await openTestSandbox();
afterAll(() => sandbox[Symbol.asyncDispose]());

const FORGE = `
import json, os, socket, time
def send(*frames):
    for frame in frames:
        body = json.dumps(frame).encode()
        data = len(body).to_bytes(4, 'big') + body
        while data: data = data[os.write(3, data):]
def violation(layer='RUNTIME', rule='forged'):
    return {'kind': 'violation', 'violation': {'code': 'PYTHON_SECURITY_ERROR', 'rule': rule, 'layer': layer,
                                               'message': f'message of {rule}', 'line': 3, 'column': None}}
RESULT = {'kind': 'result', 'json': '"forged"'}
def attack():
    try: socket.socket(socket.AF_INET)
    except OSError: pass
`;

const UNTIL_DECIDED = `
try:
    while os.write(1, b'.'): time.sleep(0.001)
except BrokenPipeError: pass`;

test('a cell reports for the runtime wall alone, whatever layer it claims', async () => {
  const run = await sandbox.run(`${FORGE}
for layer in ('STATIC', 'KERNEL', 'RUNTIME'): send(violation(layer, layer))`);
  expect(violationsOf(run).map(({ layer, rule }) => [layer, rule])).toEqual([
    ['RUNTIME', 'STATIC'],
    ['RUNTIME', 'KERNEL'],
    ['RUNTIME', 'RUNTIME'],
  ]);
});

test('hundreds of forged violations do not displace the one of the kernel', async () => {
  const run = await sandbox.run(`${FORGE}
for n in range(300): send(violation('KERNEL', f'forged-{n}'))
attack()`);
  const ofKernel = violationsOf(run).filter(({ layer }) => layer === 'KERNEL');
  expect(ofKernel).toMatchObject([{ rule: 'system-call', message: expect.stringContaining('`socket`') }]);
  expect(violationsOf(run).length).toBeLessThanOrEqual(101);
});

test.each([
  ['sends a result', 'send(RESULT)\ntime.sleep(60)'],
  ['runs into its timeout', 'time.sleep(60)'],
  ['exits', 'os._exit(0)'],
  ['crashes', 'import ctypes; ctypes.string_at(0)'],
  ['raises another exception', 'raise ValueError()'],
  ['succeeds', 'result = 1'],
])('a violation fails the run even if the code catches it and then %s', async (_how, ending) => {
  const run = await sandbox.run(`${FORGE}\nsend(violation())\n${ending}`, { timeoutMs: 3_000 });
  expect(errorOf(run)).toMatchObject({
    code: 'PYTHON_SECURITY_ERROR',
    message: 'message of forged',
    line: 3,
  });
});

test('violations during the grace after the timeout are reported', async () => {
  const run = await sandbox.run(`${FORGE}\ntry: time.sleep(60)\nfinally: send(violation())`, {
    timeoutMs: 3_000,
  });
  expect(violationsOf(run)).toMatchObject([{ rule: 'forged' }]);
});

test.each([
  ['the kernel', 'attack()', 'KERNEL'],
  ['the runtime wall', "send(violation('KERNEL'))", 'RUNTIME'],
])('what %s reports after a forged result is not lost, and ends the cell', async (_who, evil, layer) => {
  const reported = Promise.withResolvers<LateViolation>();
  const outcome = await sandbox.backend.run(
    // The outcome is decided when nobody reads the output any more. Without a late violation the cell is killed later.
    {
      code: `${FORGE}\nsend(RESULT)\n${UNTIL_DECIDED}\n${evil}\ntime.sleep(60)`,
      packages: [],
      input: null,
      timeoutMs: 10_000,
    },
    {
      signal: new AbortController().signal,
      onEvent: () => {},
      onLateViolation: reported.resolve,
    },
  );
  expect(outcome).toMatchObject({ kind: 'succeeded', result: 'forged' });
  expect(await reported.promise).toMatchObject({ violation: { layer }, isFatal: true });
});

test('frames after a forged result are bounded as all others are', async () => {
  const run = await sandbox.run(`${FORGE}
send(RESULT, *[RESULT] * 10, {'kind': 'artifact', 'name': 'a', 'mimeType': 'text/plain', 'data': 'AA' * 2**22})
while True: send(violation())`);
  expect(run.outcome.kind).toMatch(/succeeded|failed/);
  expect((await sandbox.run('result = 7')).outcome).toMatchObject({ kind: 'succeeded', result: 7 });
});

function violationsOf({ events }: TestRun): PythonViolation[] {
  return events.flatMap((event) => (event.kind === 'violation' ? [event.violation] : []));
}
