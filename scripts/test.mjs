import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { pinnedNode, root, run, runQuietly, say } from './setup/project.mjs';
import { setUp } from './setup.mjs';

/**
 * `npm test` runs the Python suite, then jest; `npm test -- pattern` only the jest tests of that pattern; `npm run
 * test:quick` only the tests that start no server. The last line counts both suites together and is read by CI: keep its
 * shape.
 */
const [first, ...others] = process.argv.slice(2);
const isQuick = first === '--quick';
const jestArguments = isQuick ? ['--selectProjects', 'unit', ...others] : process.argv.slice(2);
/** Of equal work. */
const PYTHON_HALVES = ['test_[!b-r]*.py', 'test_[b-r]*.py'];
/** Jest's workers look through all that they have loaded at each full collection, which was a tenth of their work. */
const COLLECT_LATE = `--initial-old-space-size=${Math.min(1_500, Math.floor(totalmem() / 2 ** 20 / 16))}`;
const startedAt = performance.now();
let readyAt = startedAt;
try {
  await setUp({ forTests: !isQuick });
  readyAt = performance.now();
  preferPythonItself();
  const python = jestArguments.length === 0 ? await runPythonTests() : { passed: 0, failed: 0, skipped: 0 };
  const jest = await runJest();
  printTimes(jest.files);
  const suites = [python, jest];
  const sum = (count) => suites.reduce((total, suite) => total + suite[count], 0);
  const failed = sum('failed');
  console.log(`${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  say(`The tests could not be run: ${error.message}`);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
}

/** The `python3` of a version manager is a script, which takes 0.1 s before each of the many Pythons that tests start. */
function preferPythonItself() {
  const { ok, output } = runQuietly('python3', ['-I', '-c', 'import sys; print(sys.executable)']);
  const folders = (process.env.PATH ?? '').split(delimiter);
  const folder = dirname(output);
  if (ok && !folders.includes(folder)) process.env.PATH = [folder, ...folders].join(delimiter);
}

/** In two halves at once, because each of its tests runs one short program after the other. */
async function runPythonTests() {
  const folder = 'test/python';
  const hasTests =
    existsSync(join(root, folder)) &&
    readdirSync(join(root, folder)).some((name) => /^test.*\.py$/.test(name));
  if (!hasTests) return { passed: 0, failed: 0, skipped: 0 };
  say('Python tests');
  const halves = await Promise.all(PYTHON_HALVES.map((pattern) => runPythonHalf(folder, pattern)));
  const sum = (count) => halves.reduce((total, half) => total + half[count], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

async function runPythonHalf(folder, pattern) {
  const args = ['-m', 'unittest', 'discover', '-s', folder, '-p', pattern];
  const { exitCode, stderr } = await runKeepingStderr('python3', args);
  process.stderr.write(stderr);
  return readUnittestSummary(exitCode, stderr);
}

/** unittest ends with "Ran 12 tests in 0.1s" and "OK (skipped=1)" or "FAILED (failures=1, errors=2)". */
function readUnittestSummary(exitCode, stderr) {
  const count = (pattern) => Number(stderr.match(pattern)?.[1] ?? 0);
  const ran = count(/^Ran (\d+) tests? in/m);
  const skipped = count(/skipped=(\d+)/);
  const counted = count(/failures=(\d+)/) + count(/errors=(\d+)/) + count(/unexpected successes=(\d+)/);
  const failed = exitCode === 0 ? counted : Math.max(counted, 1);
  return { passed: Math.max(ran - skipped - counted, 0), failed, skipped };
}

async function runJest() {
  const folder = mkdtempSync(join(tmpdir(), 'weft-jest-'));
  try {
    const outputFile = join(folder, 'results.json');
    const exitCode = await run(
      pinnedNode,
      [
        COLLECT_LATE,
        'node_modules/jest/bin/jest.js',
        '--json',
        `--outputFile=${outputFile}`,
        ...jestArguments,
      ],
      { env: { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' } },
    );
    return readJestSummary(exitCode, outputFile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A file that does not load counts as one failure: it has no tests of its own to count. */
function readJestSummary(exitCode, outputFile) {
  if (!existsSync(outputFile)) return { passed: 0, failed: 1, skipped: 0, files: [] };
  const results = JSON.parse(readFileSync(outputFile, 'utf8'));
  const tests = results.testResults.flatMap((file) => file.assertionResults);
  for (const { status, fullName } of tests) if (status === 'pending') say(`skipped: ${fullName}`);
  const counted = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: exitCode === 0 ? counted : Math.max(counted, 1),
    skipped: results.numPendingTests + results.numTodoTests,
    files: results.testResults.map(({ name, startTime, endTime }) => ({ name, tookMs: endTime - startTime })),
  };
}

/** The slowest files are where a suite that takes too long is made shorter. */
function printTimes(files) {
  const inSeconds = (ms) => `${(ms / 1_000).toFixed(1).padStart(7)} s`;
  const slowest = files.toSorted((a, b) => b.tookMs - a.tookMs).slice(0, 10);
  if (slowest.length > 1) console.log('\nThe slowest test files:');
  if (slowest.length > 1)
    for (const { name, tookMs } of slowest)
      console.log(`${inSeconds(tookMs)} ${relative(join(root, 'dist'), name)}`);
  console.log(
    `${inSeconds(performance.now() - readyAt)} in all, after ${inSeconds(readyAt - startedAt).trim()} of set-up`,
  );
}

function runKeepingStderr(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, stderr }));
  });
}
