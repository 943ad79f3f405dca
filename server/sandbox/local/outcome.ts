import { constants } from 'node:os';
import type { PythonError, PythonNotice, PythonOutcome, PythonViolation, RunBounds } from '../backend.ts';
import type { FinalFrame } from '../frames.ts';
import { pythonError } from '../python-error.ts';
import type { CellEnd } from './cell.ts';
import { explainLimit } from './limits.ts';
import { parseResult } from './result.ts';

/** All that is known of how a run ended. */
export interface RunEnd {
  /** The last frame of the cell; null when it sent none. */
  last: FinalFrame | null;
  /** Why the server ended the run; null when it did not. */
  endedBy: { kind: 'timeout' } | { kind: 'aborted' } | { kind: 'bad-frame'; message: string } | null;
  /** How the process of the cell ended; null when nobody waited for that, because the last frame had arrived. */
  exit: CellEnd | null;
  /** System calls that the kernel refused. */
  refusedCalls: readonly string[];
  /** The first violation that the cell reported; null where it reported none. */
  reported: PythonViolation | null;
  stderr: string | null;
  /** Whether nothing came out of the run beside its result: no output, and no file. */
  isSilent: boolean;
}

export interface RunFacts {
  timeoutMs: number;
  memoryMb: number;
  cpuMs: number;
  durationMs: number;
  bounds: RunBounds;
}

/** Turns the end of a run into its outcome, with the messages that users read. */
export function describeEnd(end: RunEnd, facts: RunFacts): PythonOutcome {
  const { durationMs } = facts;
  const attack = end.refusedCalls.find((call) => !PROBES.has(call) || end.last?.kind !== 'result');
  if (attack !== undefined) return { kind: 'failed', error: attackError(attack, end, facts), durationMs };
  if (end.reported !== null)
    return { kind: 'failed', error: reportedError(end.reported, end, facts), durationMs };
  if (end.last?.kind === 'result' && !end.endedBy) {
    const parsed = parseResult(end.last.json);
    const notices = noticesOf(end.last, end.isSilent);
    if (parsed.ok)
      return { kind: 'succeeded', result: parsed.value, ...(notices.length > 0 && { notices }), durationMs };
    return {
      kind: 'failed',
      error: pythonError({ message: parsed.problem, stderr: end.stderr }),
      durationMs,
    };
  }
  return { kind: 'failed', error: { ...errorOf(end, facts), stderr: end.stderr }, durationMs };
}

/** Code that prints or saves a file has done what it is for, and need not have a result. */
function noticesOf(
  { notices = [] }: Extract<FinalFrame, { kind: 'result' }>,
  isSilent: boolean,
): PythonNotice[] {
  return notices.filter(({ code }) => isSilent || code !== 'NO_RESULT');
}

export function kernelViolation(call: string): PythonViolation {
  return {
    code: 'PYTHON_SECURITY_ERROR',
    layer: 'KERNEL',
    rule: 'system-call',
    message: `The system call \`${call}\` is not allowed in a sandbox`,
    line: null,
    column: null,
  };
}

/** Libraries try to start programs and go on without them (`platform.platform()`), which alone is no attack. */
const PROBES = new Set(['execve', 'execveat']);

/** Whether a run that succeeded before this call fails by it. */
export function isProbe(call: string): boolean {
  return PROBES.has(call);
}

/** However the run ended: code that caught the violation may time out, exit, crash, or forge its result. */
function reportedError(violation: PythonViolation, end: RunEnd, facts: RunFacts): PythonError {
  if (end.last?.kind === 'error' && end.last.error.code === 'PYTHON_SECURITY_ERROR')
    return { ...sentError(end.last, facts), stderr: end.stderr };
  const { code, message, line, column } = violation;
  return pythonError({ code, message, line, column, stderr: end.stderr });
}

/** Keeps the traceback and line of the error that Python sent. A run that hid the refusal and went on fails as well. */
function attackError(call: string, end: RunEnd, facts: RunFacts): PythonError {
  const { message } = kernelViolation(call);
  const sent = end.last?.kind === 'error' ? sentError(end.last, facts) : pythonError({ message });
  return { ...sent, code: 'PYTHON_SECURITY_ERROR', message, stderr: end.stderr };
}

function errorOf({ last, endedBy, exit }: RunEnd, facts: RunFacts): PythonError {
  if (endedBy?.kind === 'timeout') return timeout(facts);
  if (endedBy?.kind === 'bad-frame') {
    return pythonError({
      message: `The code wrote to the private channel of its sandbox: ${endedBy.message}`,
    });
  }
  if (last?.kind === 'error') return sentError(last, facts);
  return exitError(exit ?? { kind: 'lost' }, facts);
}

function timeout({ timeoutMs, bounds }: RunFacts): PythonError {
  return pythonError({
    code: 'PYTHON_TIMEOUT',
    message: `The code ran longer than its timeout of ${timeoutMs} ms and was ended; raise timeoutMs (at most ${bounds.maxTimeoutMs})`,
    retryable: true,
  });
}

function cpuLimit({ cpuMs }: RunFacts): PythonError {
  return pythonError({
    code: 'PYTHON_TIMEOUT',
    message: `The code's threads and processes used more than ${cpuMs} ms of CPU time together and were ended; raise timeoutMs`,
    retryable: true,
  });
}

function memoryLimit({ memoryMb }: RunFacts, sent: Partial<PythonError> = {}): PythonError {
  return pythonError({
    ...sent,
    code: 'PYTHON_MEMORY_LIMIT',
    message: `The code used more memory than its limit of ${memoryMb} MiB; raise memoryMb`,
  });
}

function sentError({ error }: Extract<FinalFrame, { kind: 'error' }>, facts: RunFacts): PythonError {
  const sent = pythonError({ ...error, exitCode: error.exitCode ?? null });
  if (sent.type === 'MemoryError') return memoryLimit(facts, sent);
  return { ...sent, message: explainLimit(sent.message, facts.bounds) };
}

function exitError(exit: CellEnd, facts: RunFacts): PythonError {
  if (exit.kind === 'lost') {
    return pythonError({
      code: 'PYTHON_SERVICE_ERROR',
      message: 'The process that makes the sandboxes ended while the code ran; the server starts it again',
      retryable: true,
    });
  }
  if (exit.reason === 'memory') return memoryLimit(facts);
  if (exit.reason === 'deadline') return timeout(facts);
  if (exit.reason === 'cpu') return cpuLimit(facts);
  if (exit.signal !== null) return killedBy(exit.signal);
  return pythonError({
    message: `Python ended with exit code ${exit.exitCode} before the end of the code (os._exit, or a crash of the interpreter)`,
    exitCode: exit.exitCode,
  });
}

/** The exit code is 128 + n for signal n, as in shells. */
function killedBy(signal: number): PythonError {
  const name =
    Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
  return pythonError({
    message: `Python was ended by ${name}${SIGNAL_MEANINGS[name] ?? ''}`,
    exitCode: 128 + signal,
    retryable: name === 'SIGKILL',
  });
}

const SIGNAL_MEANINGS: Record<string, string> = {
  SIGSEGV: ' (a crash in native code: memory that is not there was touched)',
  SIGABRT: ' (native code gave up)',
  SIGBUS: ' (a mapped file was cut short, or the scratch folder is full)',
  SIGFPE: ' (native code divided by zero)',
  SIGILL: ' (native code uses instructions that this processor does not have)',
  SIGKILL: ' (most likely because the host ran out of memory)',
};
