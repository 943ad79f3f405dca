import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageSettings } from '../../server/packages/settings.ts';
import { spawnEnsure } from '../support/environments-process.ts';
import { eventually } from '../support/eventually.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { isCompiled, onPath, openTestEnvironments } from '../support/test-environments.ts';
import { openTestIndex, type TestIndex } from '../support/test-index.ts';
import { findTestUv } from '../support/test-uv.ts';

const uvPath = await findTestUv();
const MEBIBYTE = 'x'.repeat(1024 * 1024);
const stack = new AsyncDisposableStack();
let root: string;
let index: TestIndex;
let folders = 0;

beforeAll(async () => {
  root = stack.use(await makeTempFolder()).path;
  const big = (name: string) => ({
    name,
    version: '1.0',
    files: { [`${name}.py`]: `DATA = "${MEBIBYTE}"\n` },
  });
  index = stack.use(
    await openTestIndex({ name: 'tiny', version: '1.0' }, big('large-a'), big('large-b'), big('large-c')),
  );
});
afterAll(() => stack.disposeAsync());
beforeEach(() => {
  index.behave('well');
  index.requests.length = 0;
});

async function open(settings: Partial<PackageSettings> = {}, folder = join(root, String(++folders))) {
  const all = { indexUrl: index.url, uvPath, ...settings };
  const environments = stack.use(await openTestEnvironments(folder, all));
  return Object.assign(environments, { folder, settings: all });
}

const quiet = () => ({ signal: new AbortController().signal, onEvent() {} });

/** How many requests to the index one build makes. */
async function requestsOfOneBuild(): Promise<number> {
  (await (await open()).ensure(['tiny'], quiet()))[Symbol.dispose]();
  return index.requests.splice(0).length;
}

test('twenty callers that request the same set at once wait for one build', async () => {
  const requests = await requestsOfOneBuild();
  const environments = await open();
  const leases = await Promise.all(Array.from({ length: 20 }, () => environments.ensure(['tiny'], quiet())));
  expect(new Set(leases.map(({ environment }) => environment.id)).size).toBe(1);
  expect(index.requests).toHaveLength(requests);
  for (const lease of leases) lease[Symbol.dispose]();
});

test('processes that request the same set at once build it once between them', async () => {
  const requests = await requestsOfOneBuild();
  const environments = await open();
  const { folder, settings } = environments;
  const ensured = Array.from({ length: 3 }, () => spawnEnsure(folder, ['tiny'], settings).answer);
  const answers = await Promise.all(ensured);
  expect(answers[0]).toMatchObject({ id: expect.stringMatching(/^env_/), error: null });
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(index.requests).toHaveLength(requests);
  // The processes ended without releasing their leases.
  await environments.repair();
  expect(readdirSync(join(folder, 'claims'))).toEqual([]);
});

test('a caller that fails on the READY event holds no lease', async () => {
  const environments = await open();
  const failing = {
    signal: new AbortController().signal,
    onEvent({ status }: { status: string }) {
      if (status === 'READY') throw new Error('not now');
    },
  };
  await expect(environments.ensure(['tiny'], failing)).rejects.toThrow('not now');
  const id = (await environments.list())[0]!.id;
  expect(await environments.delete(id)).toBe(true);
});

test('a killed build blocks no other build, and its folder is removed', async () => {
  const environments = await open();
  index.behave('hang');
  const { child } = spawnEnsure(environments.folder, ['tiny'], environments.settings);
  await eventually('the build requests the index', () => index.requests.length > 0);
  expect(await environments.list()).toMatchObject([{ state: 'BUILDING', requirements: ['tiny'] }]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  index.behave('well');
  const lease = await environments.ensure(['tiny'], quiet());
  lease[Symbol.dispose]();
  await environments.repair();
  expect(readdirSync(join(environments.folder, 'install/building'))).toEqual([]);
  expect(await environments.list()).toMatchObject([{ state: 'READY' }]);
});

test('a caller that leaves affects no other caller; when the last caller leaves, the build ends', async () => {
  const environments = await open();
  index.behave('hang');
  const leaving = new AbortController();
  const patient = new AbortController();
  const first = environments.ensure(['tiny'], { ...quiet(), signal: leaving.signal });
  const second = environments.ensure(['tiny'], { ...quiet(), signal: patient.signal });
  await eventually('the build requests the index', () => index.requests.length > 0);
  leaving.abort(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  expect(await environments.list()).toMatchObject([{ state: 'BUILDING' }]);
  patient.abort(new Error('gone too'));
  await expect(second).rejects.toThrow('gone too');
  await eventually('the build ends', async () => (await environments.list()).length === 0);
  expect(readdirSync(join(environments.folder, 'install/building'))).toEqual([]);
});

test('the least recently used environments are removed first, and never one that is in use, here or in another process', async () => {
  const { folder } = await open();
  const environments = await open({ maxMb: 100 }, folder);
  const kept = await environments.ensure(['large-a'], quiet());
  const other = await environments.prepare(['large-b'], quiet());
  const fresh = await environments.prepare(['large-c'], quiet());
  const ids = [kept.environment.id, fresh.id, other.id];
  await eventually('none is being compiled', () => ids.every((id) => isCompiled(folder, id)), 120_000);
  const small = await open({ maxMb: 5 }, folder);
  await small.repair();
  const left = (await small.list()).map(({ id }) => id);
  expect(left.sort()).toEqual([kept.environment.id, fresh.id].sort());
  expect(await small.delete(kept.environment.id)).toBe(false);
  kept[Symbol.dispose]();
  expect(await small.delete(kept.environment.id)).toBe(true);
  expect(await small.delete(kept.environment.id)).toBe(false);
});

test('the repair removes an environment that lost files, and the next run builds it again', async () => {
  const environments = await open();
  const lease = await environments.ensure(['tiny'], quiet());
  lease[Symbol.dispose]();
  const { id, sitePackages } = lease.environment;
  rmSync(join(sitePackages, 'tiny.py'));
  expect(await environments.repair()).toMatchObject({ damaged: [id] });
  (await environments.ensure(['tiny'], quiet()))[Symbol.dispose]();
  expect(readdirSync(sitePackages)).toContain('tiny.py');
});

test('a full disk is an error', async () => {
  const folder = join(root, 'small-disk');
  mkdirSync(folder);
  const disk = [onPath('bwrap')!, '--dev-bind', '/', '/', '--size', String(1024 * 1024), '--tmpfs', folder];
  const { settings } = await open();
  const { answer } = spawnEnsure(folder, ['large-a'], settings, disk);
  expect(await answer).toMatchObject({
    id: null,
    error: expect.stringMatching(/no space left|os error 28/i),
  });
});
