/**
 * How much of the Python that people write gives under `strict` (CORPUS_POLICY), in a cell with all walls, what plain Python gives: the
 * same stdout, the same type of exception, the same `result`. There is no figure in milliseconds; each difference is
 * listed.
 *
 *     npm run bench -- python-corpus numpy pandas            the examples in the docstrings of packages
 *     npm run bench -- python-corpus stdlib                  those of the standard library
 *     npm run bench -- python-corpus ~/TheAlgorithms         the .py files of a folder
 *     npm run bench -- python-corpus sympy:2/5               the second of five parts of what there is
 *     CORPUS_POLICY=standard npm run bench -- python-corpus …            or kernel
 *
 * Baseline: the same programs in the same interpreter with the same packages (support/corpus.py). What does not end in time,
 * lacks a module or needs processes or the network there is left out, and counted. So is what differs between runs there: what
 * differs in a cell runs again, with other seeds of hashes and values in memory that nothing was written to.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { z } from 'zod';
import { pythonPolicies } from '../server/sandbox/backend.ts';
import { projectRoot } from '../server/shared/paths.ts';
import { openPypiSandbox, type PypiSandbox } from '../test/support/pypi.ts';
import type { TestRun } from '../test/support/test-sandbox.ts';

interface Program {
  name: string;
  code: string;
}
interface Answer {
  stdout: string;
  error: string | null;
  result: unknown;
  needs: string | null;
}
interface Verdict {
  kind: 'same' | 'refused' | 'differs' | 'left out';
  cause: string;
}

const CORPUS = join(projectRoot, 'bench/support/corpus.py');
const MODULES: Record<string, string> = { 'scikit-learn': 'sklearn' };
/** What the programs may import. */
const PACKAGES = ['numpy', 'pandas', 'scipy', 'scikit-learn', 'sympy', 'networkx', 'matplotlib'];
const NETWORK_ERRORS = new Set(['URLError', 'HTTPError', 'gaierror', 'ConnectionError']);
/** For further runs of what differs: sets of texts have another order by each. */
const HASH_SEEDS = ['1', '2', '3', '4'];
const AT_ONCE = 2;
const POLICY = z.enum(pythonPolicies).default('strict').parse(process.env.CORPUS_POLICY);
const MAX_LISTED = Number(process.env.CORPUS_LISTED ?? 40);

const sources = process.argv.slice(2);
if (sources.length === 0) throw new Error('Expected names of packages, `stdlib`, or folders');
for (const source of sources) {
  const [, name, part, parts] = /^(.*?)(?::(\d+)\/(\d+))?$/.exec(source)!;
  await compare(MODULES[name!] ?? name!, Number(part ?? 1), Number(parts ?? 1)).catch((error: unknown) =>
    console.log(`${source}: ${error}`),
  );
}

async function compare(source: string, part: number, parts: number): Promise<void> {
  const isFolder = existsSync(source);
  const packages =
    isFolder || source === 'stdlib' ? PACKAGES : [...new Set([...PACKAGES, distributionOf(source)])];
  await using python = await openPypiSandbox(packages, { policy: POLICY });
  const { pythonPath } = await python.sandbox.backend.status();
  const all = await collect(pythonPath!, source, python.sitePackages);
  const programs = all.filter((_, index) => index % parts === part - 1);
  const modules = packages.map((name) => MODULES[name] ?? name);
  const plainly = (some: Program[], env = {}) =>
    runPlainly(pythonPath!, python.sitePackages, modules, some, env);
  const [first, inCells] = await Promise.all([plainly(programs), runInCells(python, programs)]);
  const verdicts = programs.map((_, n) => verdictOf(first[n]!, inCells[n]!));
  const others = [...programs.keys()].filter((n) => ['refused', 'differs'].includes(verdicts[n]!.kind));
  for (const seed of HASH_SEEDS) {
    const again = await plainly(
      others.map((n) => programs[n]!),
      { MALLOC_PERTURB_: '165', PYTHONHASHSEED: seed },
    );
    for (const [index, n] of others.entries())
      if (textOf(first[n]!) !== textOf(again[index]!))
        verdicts[n] = { kind: 'left out', cause: 'plain Python: two runs differ' };
  }
  print(`${isFolder ? basename(source) : source} under ${POLICY}`, programs, verdicts);
}

async function runInCells(python: PypiSandbox, programs: Program[]): Promise<TestRun[]> {
  const runs: TestRun[] = [];
  const waiting = [...programs.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      runs[next[0]] = await python.run(next[1].code);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return runs;
}

function distributionOf(module: string): string {
  return Object.keys(MODULES).find((name) => MODULES[name] === module) ?? module;
}

async function collect(python: string, source: string, sitePackages: string): Promise<Program[]> {
  const args = ['-W', 'ignore', CORPUS, 'collect', source, sitePackages];
  const { stdout } = await promisify(execFile)(python, args, { maxBuffer: 2 ** 28 });
  return stdout.split('\n').flatMap((line) => (line.startsWith('{"name"') ? [JSON.parse(line)] : []));
}

async function runPlainly(
  python: string,
  sitePackages: string,
  modules: string[],
  programs: Program[],
  env: Record<string, string> = {},
) {
  const threads = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MPLBACKEND: 'agg' };
  const child = spawn(python, [CORPUS, 'run', sitePackages, ...modules], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, ...threads, ...env },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answers: Answer[] = [];
  for (const program of programs) {
    child.stdin.write(`${JSON.stringify(program)}\n`);
    const { value } = await lines.next();
    answers.push(JSON.parse(value ?? '{"stdout":"","error":"timeout","result":null,"needs":null}'));
  }
  child.stdin.end();
  return answers;
}

function verdictOf(plain: Answer, run: TestRun): Verdict {
  const reason = reasonToLeaveOut(plain);
  if (reason) return { kind: 'left out', cause: `plain Python: ${reason}` };
  const verdict = judge(plain, run);
  // What only tries something, and goes on without it, needs nothing.
  const needs = verdict.kind === 'same' ? null : plain.needs;
  return needs === null ? verdict : { kind: 'left out', cause: `plain Python: it needs ${needs}` };
}

function reasonToLeaveOut({ error, result }: Answer): string | null {
  if (error === 'ModuleNotFoundError') return String(result);
  if (error === 'timeout') return 'it does not end in 10 s';
  if (NETWORK_ERRORS.has(error ?? '')) return 'it needs the network';
  return null;
}

function judge(plain: Answer, run: TestRun): Verdict {
  const { outcome } = run;
  if (outcome.kind === 'failed' && outcome.error.code === 'PYTHON_SECURITY_ERROR')
    return { kind: 'refused', cause: outcome.error.message.split(':')[0]!.slice(0, 100) };
  const type = outcome.kind === 'failed' ? (outcome.error.type ?? outcome.error.code) : null;
  if (type !== plain.error) {
    const message = outcome.kind === 'failed' ? `: ${outcome.error.message.slice(0, 100)}` : '';
    return { kind: 'differs', cause: `${type ?? 'no error'} for ${plain.error ?? 'no error'}${message}` };
  }
  if (normal(run.stdout) !== normal(plain.stdout)) return { kind: 'differs', cause: 'stdout' };
  const result = outcome.kind === 'succeeded' ? outcome.result : null;
  if (
    plain.error === null &&
    plain.result !== null &&
    JSON.stringify(plain.result) !== JSON.stringify(result)
  )
    return { kind: 'differs', cause: 'result' };
  return { kind: 'same', cause: '' };
}

function textOf(answer: Answer): string {
  return JSON.stringify([normal(answer.stdout), answer.error, answer.result]);
}

/** Addresses of objects, folders, and the seconds of a clock differ from run to run. */
function normal(text: string): string {
  return text
    .replace(/0x[0-9a-f]{6,}/g, '0x…')
    .replace(/\/tmp\/weft-corpus-\w+/g, '/tmp')
    .replace(/(\/[\w.@+-]+)+\/site-packages\b/g, '/site-packages')
    .replace(/\d+\.\d+(e-\d+)?( ?)(s|sec|seconds|ms)\b/g, '… $3');
}

function print(source: string, programs: Program[], verdicts: Verdict[]): void {
  const count = (kind: Verdict['kind']) => verdicts.filter((each) => each.kind === kind).length;
  const compared = programs.length - count('left out');
  console.log(`\n${source}: ${programs.length} programs`);
  console.table([
    {
      compared,
      same: count('same'),
      'same %': Math.round((1000 * count('same')) / Math.max(compared, 1)) / 10,
      refused: count('refused'),
      differs: count('differs'),
      'left out': count('left out'),
    },
  ]);
  const causes = new Map<string, string[]>();
  for (const [n, { name }] of programs.entries()) {
    const { kind, cause } = verdicts[n]!;
    if (kind === 'same') continue;
    const text = `${kind}: ${cause}`;
    causes.set(text, [...(causes.get(text) ?? []), name]);
  }
  const listed = [...causes].toSorted((a, b) => b[1].length - a[1].length);
  for (const [cause, names] of listed.slice(0, MAX_LISTED))
    console.log(`${String(names.length).padStart(5)}  ${cause}  (${names.slice(0, 3).join(', ')})`);
}
