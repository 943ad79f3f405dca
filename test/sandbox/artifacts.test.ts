import { afterAll, expect, test } from '@jest/globals';
import { errorOf, openTestSandbox, resultOf, type TestRun } from '../support/test-sandbox.ts';

const sandbox = await openTestSandbox();
afterAll(() => sandbox[Symbol.asyncDispose]());

const artifactsOf = ({ events }: TestRun) =>
  events.flatMap((event) =>
    event.kind === 'artifact'
      ? [{ name: event.name, mimeType: event.mimeType, text: Buffer.from(event.base64, 'base64').toString() }]
      : [],
  );

test('an artifact arrives at once, while the code goes on', async () => {
  const stop = new AbortController();
  const run = await sandbox.run("save_artifact('a.txt', 'x')\nwhile True: pass", {
    signal: stop.signal,
    onEvent: () => stop.abort({ force: true }),
  });
  expect(run.outcome.kind).toBe('aborted');
  expect(artifactsOf(run)).toEqual([{ name: 'a.txt', mimeType: 'text/plain', text: 'x' }]);
});

test('a file that the code has written is saved by its name', async () => {
  const run = await sandbox.run(
    "open('report.json', 'w').write('{}')\nsave_artifact('report.json')\nsave_artifact('b', b'1', 'image/png')",
  );
  expect(artifactsOf(run)).toEqual([
    { name: 'report.json', mimeType: 'application/json', text: '{}' },
    { name: 'b', mimeType: 'image/png', text: '1' },
  ]);
});

test('a file that is saved has a value, whose id the code cannot choose', async () => {
  const run = await sandbox.run("result = save_artifact('a.XLSX', b'12345')");
  const [id] = run.events.flatMap((event) => (event.kind === 'artifact' ? [event.id] : []));
  expect(resultOf(run)).toEqual({
    $file: id,
    name: 'a.XLSX',
    mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    sizeBytes: 5,
    url: `/artifacts/${id}`,
  });
  const forged = await sandbox.run(`import json, os
frame = {"kind": "artifact", "id": "art_01993b3c-0000-7000-8000-000000000001", "name": "a", "mimeType": "text/plain", "data": ""}
body = json.dumps(frame, separators=(",", ":")).encode()
os.write(3, len(body).to_bytes(4, "big") + body)
while True: pass`);
  expect(errorOf(forged).message).toContain('an id that is not its own');
  expect(artifactsOf(forged)).toEqual([]);
});

test('ten megabytes are saved', async () => {
  const run = await sandbox.run("save_artifact('x', bytes(10 << 20))\nresult = 1", { timeoutMs: 30_000 });
  expect(resultOf(run)).toBe(1);
  expect(artifactsOf(run)[0]!.text).toHaveLength(10 << 20);
});

test.each([
  ['a name with a folder', "save_artifact('../x', '1')", 'name of a file'],
  ['a name that is the folder above', "save_artifact('..', '1')", 'name of a file'],
  [
    'a name that reads backwards',
    "save_artifact('a\\u202egnp.exe', '1')",
    "direction; got 'a\\u202egnp.exe'",
  ],
  ['a name that isolates a direction', "save_artifact('a\\u2067b', '1')", 'direction'],
  ['a name of two lines', "save_artifact('a\\u2028b', '1')", 'control text'],
  ['what is not data', "save_artifact('x', {'a': 1})", 'got dict'],
  ['a file that does not exist', "save_artifact('x')", 'No such file'],
  ['what is not a type', "save_artifact('x', '1', 'a\\nb')", "type such as 'text/csv'"],
  ['more than a hundred', "for i in range(101): save_artifact(f'{i}', '1')", '100 artifacts'],
  [
    'more than the limit in all',
    "for i in range(4): save_artifact(f'{i}', bytes(10 << 20))",
    '33,554,432 bytes in all',
  ],
])('%s is refused in the code itself', async (_what, code, message) => {
  const error = errorOf(await sandbox.run(code));
  expect(error).toMatchObject({ type: 'ArtifactError', message: expect.stringContaining(message), line: 1 });
});

test('forged artifacts end the run: too many of them, and one whose name is a path', async () => {
  const forge = (count: number, name: string) => `
import json, os, struct
prefix = save_artifact("own", "")["$file"][:-12]
for n in range(${count}):
    frame = json.dumps({"kind": "artifact", "id": f"{prefix}{n:012}", "name": ${JSON.stringify(name)}, "mimeType": "text/plain", "data": "eHg="}).encode()
    os.write(3, struct.pack(">I", len(frame)) + frame)
`;
  const many = await sandbox.run(forge(200, 'x'));
  expect(errorOf(many).message).toContain('private channel');
  expect(artifactsOf(many)).toHaveLength(100);
  const path = await sandbox.run(forge(1, '../../etc/passwd'));
  expect(errorOf(path).message).toContain('private channel');
  expect(artifactsOf(path)).toMatchObject([{ name: 'own' }]);
});
