/**
 * How much of the Python that people write gives under `strict`, in a cell with all walls, what plain Python gives: the
 * same stdout, the same type of exception, the same `result`. There is no figure in milliseconds; each difference is
 * listed.
 *
 *     npm run bench -- python-corpus numpy pandas            the examples in the docstrings of packages
 *     npm run bench -- python-corpus stdlib                  those of the standard library
 *     npm run bench -- python-corpus ~/TheAlgorithms         the .py files of a folder
 *
 * Baseline: the same programs in the same interpreter with the same packages, twice (support/corpus.py). What differs
 * between these two, does not end in time or lacks a module there is left out, and counted.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { projectRoot } from '../server/shared/paths.ts';
import { openPypiSandbox } from '../test/support/pypi.ts';
import type { TestRun } from '../test/support/test-sandbox.ts';

interface Program {
  name: string;
  code: string;
}
interface Answer {
  stdout: string;
  error: string | null;
  result: unknown;
}
interface Verdict {
  kind: 'same' | 'refused' | 'differs' | 'left out';
  cause: string;
}

const CORPUS = join(projectRoot, 'bench/support/corpus.py');
const MODULES: Record<string, string> = { 'scikit-learn': 'sklearn' };
/** What the programs may import. */
const PACKAGES = ['numpy', 'pandas', 'scipy', 'scikit-learn', 'sympy', 'networkx', 'matplotlib'];
const AT_ONCE = 2;
const MAX_LISTED = Number(process.env.CORPUS_LISTED ?? 40);

const sources = process.argv.slice(2);
if (sources.length === 0) throw new Error('Expected names of packages, `stdlib`, or folders');
for (const source of sources)
  await compare(MODULES[source] ?? source).catch((error: unknown) => console.log(`${source}: ${error}`));

async function compare(source: string): Promise<void> {
  const isFolder = existsSync(source);
  const packages =
    isFolder || source === 'stdlib' ? PACKAGES : [...new Set([...PACKAGES, distributionOf(source)])];
  await using python = await openPypiSandbox(packages);
  const { pythonPath } = await python.sandbox.backend.status();
  const programs = await collect(pythonPath!, source, python.sitePackages);
  const modules = packages.map((name) => MODULES[name] ?? name);
  const [first, second] = await Promise.all([
    runPlainly(pythonPath!, python.sitePackages, modules, programs),
    runPlainly(pythonPath!, python.sitePackages, modules, programs),
  ]);
  const verdicts = new Map<Program, Verdict>();
  const waiting = [...programs.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [n, program] = next;
      const reason = reasonToLeaveOut(first[n]!, second[n]!);
      verdicts.set(
        program,
        reason ? { kind: 'left out', cause: reason } : judge(first[n]!, await python.run(program.code)),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  print(isFolder ? basename(source) : source, verdicts);
}

function distributionOf(module: string): string {
  return Object.keys(MODULES).find((name) => MODULES[name] === module) ?? module;
}

async function collect(python: string, source: string, sitePackages: string): Promise<Program[]> {
  const args = ['-W', 'ignore', CORPUS, 'collect', source, sitePackages];
  const { stdout } = await promisify(execFile)(python, args, { maxBuffer: 2 ** 28 });
  return stdout.split('\n').flatMap((line) => (line.startsWith('{"name"') ? [JSON.parse(line)] : []));
}

async function runPlainly(python: string, sitePackages: string, modules: string[], programs: Program[]) {
  const threads = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MPLBACKEND: 'agg' };
  const child = spawn(python, [CORPUS, 'run', sitePackages, ...modules], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, ...threads },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answers: Answer[] = [];
  for (const program of programs) {
    child.stdin.write(`${JSON.stringify(program)}\n`);
    const { value } = await lines.next();
    answers.push(JSON.parse(value ?? '{"stdout":"","error":"timeout","result":null}'));
  }
  child.stdin.end();
  return answers;
}

function reasonToLeaveOut(first: Answer, second: Answer): string | null {
  if (first.error === 'ModuleNotFoundError') return `plain Python: ${first.result}`;
  if (first.error === 'timeout' || second.error === 'timeout') return 'plain Python: it does not end in 10 s';
  if (textOf(first) !== textOf(second)) return 'plain Python: two runs differ';
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

/** Addresses of objects, names of temporary folders, and the seconds of a clock differ from run to run. */
function normal(text: string): string {
  return text
    .replace(/0x[0-9a-f]{6,}/g, '0x…')
    .replace(/\/tmp\/weft-corpus-\w+/g, '/tmp')
    .replace(/\d+\.\d+(e-\d+)?( ?)(s|sec|seconds|ms)\b/g, '… $3');
}

function print(source: string, verdicts: Map<Program, Verdict>): void {
  const count = (kind: Verdict['kind']) => [...verdicts.values()].filter((each) => each.kind === kind).length;
  const compared = verdicts.size - count('left out');
  console.log(`\n${source}: ${verdicts.size} programs`);
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
  for (const [{ name }, { kind, cause }] of verdicts) {
    if (kind === 'same') continue;
    const text = `${kind}: ${cause}`;
    causes.set(text, [...(causes.get(text) ?? []), name]);
  }
  const listed = [...causes].toSorted((a, b) => b[1].length - a[1].length);
  for (const [cause, names] of listed.slice(0, MAX_LISTED))
    console.log(`${String(names.length).padStart(5)}  ${cause}  (${names.slice(0, 3).join(', ')})`);
}
