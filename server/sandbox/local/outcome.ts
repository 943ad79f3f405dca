import { constants } from 'node:os';
import type { PythonError, PythonOutcome, PythonViolation } from '../backend.ts';
import type { FinalFrame } from '../frames.ts';
import { pythonError } from '../python-error.ts';
import type { CellEnd } from './cell.ts';
import { explainLimit } from './limits.ts';
import { parseResult } from './result.ts';

/** All that is known of how a run ended. */
export interface RunEnd {
  /** What the cell told last, if it came to that. */
  last: FinalFrame | null;
  /** Why we ended it, if we did. */
  endedBy: { kind: 'timeout' } | { kind: 'aborted' } | { kind: 'bad-frame'; message: string } | null;
  /** How its process ended; null when it told its last frame and was not waited for. */
  exit: CellEnd | null;
  /** System calls that the kernel's filter refused it. */
  refusedCalls: readonly string[];
  stderr: string | null;
}

export interface RunFacts {
  timeoutMs: number;
  memoryMb: number;
  cpuMs: number;
  durationMs: number;
}

/** The outcome, in the words that a user reads. */
export function describeEnd(end: RunEnd, facts: RunFacts): PythonOutcome {
  const { durationMs } = facts;
  const attack = end.refusedCalls.find((call) => !PROBES.has(call) || end.last?.kind !== 'result');
  if (attack !== undefined) return { kind: 'failed', error: attackError(attack, end, facts), durationMs };
  if (end.last?.kind === 'result' && !end.endedBy) {
    const parsed = parseResult(end.last.json);
    if (parsed.ok) return { kind: 'succeeded', result: parsed.value, durationMs };
    return {
      kind: 'failed',
      error: pythonError({ message: parsed.problem, stderr: end.stderr }),
      durationMs,
    };
  }
  return { kind: 'failed', error: { ...errorOf(end, facts), stderr: end.stderr }, durationMs };
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

/** Libraries try to start programs and live without them (`platform.platform()`); that alone is no attack. */
const PROBES = new Set(['execve', 'execveat']);

/** What Python told of the refusal is kept: it has the line. A run that went on as if nothing had been fails too. */
function attackError(call: string, end: RunEnd, facts: RunFacts): PythonError {
  const { message } = kernelViolation(call);
  const told = end.last?.kind === 'error' ? toldError(end.last, facts) : pythonError({ message });
  return { ...told, code: 'PYTHON_SECURITY_ERROR', message, stderr: end.stderr };
}

function errorOf({ last, endedBy, exit }: RunEnd, facts: RunFacts): PythonError {
  if (endedBy?.kind === 'timeout') return timeout(facts);
  if (endedBy?.kind === 'bad-frame') {
    return pythonError({
      message: `The code wrote to the private channel of its sandbox: ${endedBy.message}`,
    });
  }
  if (last?.kind === 'error') return toldError(last, facts);
  return exitError(exit ?? { kind: 'lost' }, facts);
}

function timeout({ timeoutMs }: RunFacts): PythonError {
  return pythonError({
    code: 'PYTHON_TIMEOUT',
    message: `The code ran longer than its timeout of ${timeoutMs} ms and was ended; give it more with timeoutMs (at most 300000)`,
    retryable: true,
  });
}

function cpuLimit({ cpuMs }: RunFacts): PythonError {
  return pythonError({
    code: 'PYTHON_TIMEOUT',
    message: `The code's threads and processes used more than ${cpuMs} ms of CPU time together and were ended; give it more with timeoutMs`,
    retryable: true,
  });
}

function memoryLimit({ memoryMb }: RunFacts, told: Partial<PythonError> = {}): PythonError {
  return pythonError({
    ...told,
    code: 'PYTHON_MEMORY_LIMIT',
    message: `The code used more memory than its limit of ${memoryMb} MiB; give it more with memoryMb`,
  });
}

function toldError({ error }: Extract<FinalFrame, { kind: 'error' }>, facts: RunFacts): PythonError {
  const told = pythonError({ ...error, exitCode: error.exitCode ?? null });
  if (told.type === 'MemoryError') return memoryLimit(facts, told);
  return { ...told, message: explainLimit(told.message) };
}

function exitError(exit: CellEnd, facts: RunFacts): PythonError {
  if (exit.kind === 'lost') {
    return pythonError({
      code: 'PYTHON_SERVICE_ERROR',
      message: 'The process that keeps the sandboxes ended while the code ran; it is started again by itself',
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

/** 128 + n is what shells tell for a process that signal n ended. */
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
