import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  PythonError,
  PythonEvent,
  PythonOutcome,
  PythonRunOptions,
  PythonRunRequest,
  SandboxBackend,
} from '../../server/sandbox/backend.ts';
import { type LocalSandboxOptions, openLocalSandbox } from '../../server/sandbox/local/local-sandbox.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { openTestEnvironments } from './test-environments.ts';

export interface TestSandbox {
  backend: SandboxBackend;
  runFolder: string;
  run(code: string, options?: TestRunOptions): Promise<TestRun>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestRunOptions extends Partial<PythonRunRequest> {
  signal?: AbortSignal;
  onEvent?: (event: PythonEvent) => void | Promise<void>;
  openFile?: PythonRunOptions['openFile'];
}

export interface TestRun {
  outcome: PythonOutcome;
  events: PythonEvent[];
  stdout: string;
  stderr: string;
}

/** The real thing, with the kernel wall alone unless a test says otherwise: what the other walls stop cannot test it. */
export async function openTestSandbox(options: Partial<LocalSandboxOptions> = {}): Promise<TestSandbox> {
  const runFolder = options.runFolder ?? mkdtempSync(join(tmpdir(), 'weft-sb-'));
  const logger = makeLogger(process.env.TEST_LOG_LEVEL ?? 'silent');
  const environments = options.environments ?? (await openTestEnvironments(join(runFolder, 'python')));
  const backend = await openLocalSandbox({
    idleCells: 2,
    policy: 'kernel',
    environments,
    logger,
    ...options,
    runFolder,
  });
  return {
    backend,
    runFolder,
    run: (code, runOptions) => runOn(backend, code, runOptions),
    [Symbol.asyncDispose]: async () => backend[Symbol.asyncDispose](),
  };
}

/** Runs code on any backend, and collects the events. */
export async function runOn(
  backend: SandboxBackend,
  code: string,
  options: TestRunOptions = {},
): Promise<TestRun> {
  const { signal = new AbortController().signal, onEvent, openFile, ...request } = options;
  const events: PythonEvent[] = [];
  const outcome = await backend.run(
    { code, packages: [], input: null, timeoutMs: 60_000, ...request },
    {
      signal,
      onEvent(event) {
        events.push(event);
        return onEvent?.(event);
      },
      openFile,
    },
  );
  return { outcome, events, stdout: textOf(events, 'STDOUT'), stderr: textOf(events, 'STDERR') };
}

function textOf(events: PythonEvent[], stream: 'STDOUT' | 'STDERR'): string {
  return events
    .map((event) => (event.kind === 'output' && event.stream === stream ? event.text : ''))
    .join('');
}

/** The result of a run that must have succeeded. */
export function resultOf({ outcome }: TestRun): unknown {
  if (outcome.kind !== 'succeeded')
    throw new Error(`Expected the run to succeed, got ${JSON.stringify(outcome)}`);
  return outcome.result;
}

/** The error of a run that must have failed. */
export function errorOf({ outcome }: TestRun): PythonError {
  if (outcome.kind !== 'failed') throw new Error(`Expected the run to fail, got ${JSON.stringify(outcome)}`);
  return outcome.error;
}
