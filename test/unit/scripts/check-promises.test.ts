import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../../server/shared/paths.ts';
import { makeTempFolder } from '../../support/temp-folder.ts';

/** Each line that ends with FAULT has to be found, and no other. */
const HELD = `
declare function work(): Promise<number>;
declare function other(): Promise<void>;
declare const slot: { begin(result: Promise<number>): void } | undefined;

export async function startsButMayNotPassItOn() {
  const started = work();
  const claimed = started.then((n) => n + 1); // FAULT
  slot?.begin(claimed);
  await started;
}
export async function awaitsAnotherFirst() {
  const one = work(); // FAULT
  await other();
  return one;
}
export async function awaitsOneAfterTheOther() {
  const one = work();
  const two = work(); // FAULT
  return [await one, await two];
}
export async function forgets() {
  const one = work(); // FAULT
  console.log(one instanceof Promise);
}
export async function leavesEarly(isEarly: boolean) {
  const one = work(); // FAULT
  if (isEarly) return;
  await one;
}
export async function listensOnOneWayOnly(isQuick: boolean) {
  const one = work(); // FAULT
  if (isQuick) one.catch(() => {});
  await other();
  await one;
}
export async function listensLater(defer: (f: () => Promise<unknown>) => void) {
  const one = work(); // FAULT
  defer(() => one);
}
export async function setsAVariable() {
  let one: Promise<number>;
  one = work(); // FAULT
  await other();
  return one;
}
export async function makesAList() {
  const all = [1, 2].map(() => work()); // FAULT
  await other();
  await Promise.all(all);
}
export async function* yieldsFirst() {
  const one = work(); // FAULT
  yield 1;
  await one;
}

export async function awaitsAtOnce() {
  const one = work();
  console.log('begun');
  return await one;
}
export async function catchesAtOnce() {
  const one = work();
  one.catch(() => {});
  await other();
  await one;
}
export async function catchesWhereItIsMade() {
  const one = work().catch(() => 0);
  await other();
  return one;
}
export async function awaitsBoth() {
  const [one, two] = [work(), work()];
  const three = work();
  const four = work();
  return await Promise.all([one, two, three, four]);
}
export async function passesItOn(take: (result: Promise<number>) => void) {
  const one = work();
  take(one);
  await other();
}
export async function listensOnEitherWay(isQuick: boolean) {
  const one = work();
  if (isQuick) await one;
  else one.catch(() => {});
  await other();
}
export async function settlesOnly(ready: { once(event: string, f: () => void): void }) {
  const opened = new Promise<void>((resolve) => ready.once('open', resolve));
  await other();
  await opened;
}
export async function says() {
  // cannot reject: the test says so
  const one = work();
  await other();
  await one;
}
`;

const VOIDED = `
declare function work(): Promise<void>;
/** cannot reject: the test says so */
declare function calm(): Promise<void>;
async function mayThrow() { throw new Error('no'); }
async function catchesAll() { try { await work(); } catch (error) { console.error(error); } }
async function catchesTooLate() { await work(); try { await work(); } catch {} }
declare const process: { exited: Promise<number> }; // cannot reject: the test says so
declare const server: { closed: Promise<number> };

export function run() {
  void work(); // FAULT
  void mayThrow(); // FAULT
  void catchesTooLate(); // FAULT
  void server.closed.then(() => {}); // FAULT
  setInterval(() => void work(), 1_000); // FAULT

  void calm();
  void catchesAll();
  void work().catch(() => {});
  void work().then(() => {}, () => {});
  void process.exited.then(() => {});
}
declare function setInterval(f: () => void, ms: number): void;
`;

const LOOSE = `
declare function work(): Promise<number>;
declare function onEach(callback: () => void): void;
export async function run(value: number) {
  work(); // FAULT
  work().then((n) => n + 1); // FAULT
  onEach(async () => { await work(); }); // FAULT
  if (work()) console.log('always'); // FAULT
  await value; // FAULT
  await work();
  onEach(() => console.log('fine'));
}
`;

test.each([
  ['a variable without a listener', HELD],
  ['a call behind void', VOIDED],
])('check-promises finds each planted fault and nothing else: %s', async (_what, source) => {
  await using folder = await makeTempFolder();
  const config = await writeProject(folder.path, source);
  expect(faultyLines(source)).not.toEqual([]);
  expect(linesFound(['scripts/check-promises.mjs', config])).toEqual(faultyLines(source));
});

test('oxlint finds each planted fault and nothing else: a promise that no variable holds', async () => {
  await using folder = await makeTempFolder();
  await writeProject(folder.path, LOOSE);
  const oxlint = ['node_modules/oxlint/bin/oxlint', '--type-aware', '-f', 'unix', '-c', '.oxlintrc.json'];
  expect(linesFound([...oxlint, folder.path])).toEqual(faultyLines(LOOSE));
});

test('a file without faults passes', async () => {
  await using folder = await makeTempFolder();
  const config = await writeProject(folder.path, 'export const answer = 42;');
  expect(linesFound(['scripts/check-promises.mjs', config])).toEqual([]);
});

async function writeProject(folder: string, source: string): Promise<string> {
  const compilerOptions = { strict: true, target: 'es2024', lib: ['es2024', 'dom'], module: 'nodenext' };
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'planted.ts'), source);
  const config = join(folder, 'tsconfig.json');
  await writeFile(config, JSON.stringify({ compilerOptions, files: ['planted.ts'] }));
  return config;
}

function faultyLines(source: string): number[] {
  return source.split('\n').flatMap((line, index) => (line.endsWith('// FAULT') ? [index + 1] : []));
}

/** The lines of planted.ts that a check names; it has to fail where it names any. */
function linesFound(command: string[]): number[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  const lines = [...`${stdout}${stderr}`.matchAll(/planted\.ts:(\d+)/g)].map(([, line]) => Number(line));
  if ((status === 0) !== (lines.length === 0)) throw new Error(`Exit code ${status}: ${stdout}${stderr}`);
  return [...new Set(lines)].toSorted((a, b) => a - b);
}
