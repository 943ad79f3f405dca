import type { PythonEnvironments } from '../packages/environment.ts';

/** Of one piece of code. Parsing as many takes Python seconds. */
export const MAX_CODE_CHARACTERS = 1_000_000;

/**
 * What the engine knows of Python: one interface, whatever runs behind it. A backend owns everything from
 * the request to the outcome (checking, packages, cells, limits, clean-up); the engine owns what the outcome
 * means for the workflow.
 */
export interface SandboxBackend extends AsyncDisposable {
  /**
   * Runs one piece of Python in a cell of its own. Never throws for what the code, its packages or its limits
   * did: that is an outcome. Aborting the signal ends the run (TERM, grace, KILL; KILL at once where the reason is an
   * object with `force: true`) and resolves with `aborted`.
   * `onEvent` is called in order, one at a time; while its promise is pending no more is read from the run, so
   * that a slow journal slows the run's pipe and not the heap.
   */
  run(request: PythonRunRequest, options: PythonRunOptions): Promise<PythonOutcome>;
  /**
   * The static wall's findings, all at once, without running anything; and of the packages, those that are malformed
   * (rule `invalid-requirement`) or not allowed (`package-not-allowed`).
   */
  check(code: string, packages?: readonly string[]): Promise<PythonFinding[]>;
  readonly environments: PythonEnvironments;
  /** What is in force on this host; told by `serverInfo` and the doctor. */
  status(): Promise<SandboxStatus>;
  /** How busy it is now; cheap, and true at the moment it is asked. */
  capacity(): SandboxCapacity;
}

export interface SandboxCapacity {
  /** Runs under way. */
  running: number;
  /** Runs that wait for their turn, or for what they need. */
  waiting: number;
  /** Runs that can be under way at once. */
  max: number;
}

export interface PythonRunRequest {
  code: string;
  /** PEP 508 requirements. */
  packages: readonly string[];
  /** Becomes `input_data`; must be JSON. */
  input: unknown;
  /** Wall time from dispatch, milliseconds. */
  timeoutMs: number;
  /** Resident memory of the whole cell, MiB; undefined for the backend's default. */
  memoryMb?: number | undefined;
}

export interface PythonRunOptions {
  signal: AbortSignal;
  onEvent: (event: PythonEvent) => void | Promise<void>;
}

export type PythonEvent =
  | {
      kind: 'output';
      stream: 'STDOUT' | 'STDERR';
      text: string;
      /** Position of the text's first byte in the stream as the run wrote it. */
      byteOffset: number;
      /** True where what follows this text is left out: the rest of a long line, or all the rest of the stream. */
      truncated: boolean;
      /** Where truncated. */
      code?: 'PYTHON_OUTPUT_LIMIT' | undefined;
      /** Where truncated: which limit it was. */
      message?: string | undefined;
    }
  | {
      kind: 'progress';
      current: number;
      total: number | null;
      unit: string | null;
      message: string | null;
      source: 'progress' | 'tqdm';
    }
  | { kind: 'violation'; violation: PythonViolation }
  | {
      kind: 'environment';
      status: 'RESOLVING' | 'INSTALLING' | 'READY' | 'FAILED';
      packages: readonly string[];
      message: string | null;
    }
  | ({ kind: 'artifact' } & ArtifactFile);

/** A file that a run hands out beside its result, at most 10 MiB. */
export interface ArtifactFile {
  /** Without folders. */
  name: string;
  mimeType: string;
  base64: string;
}

/** One place in the code that the policy does not allow. Lines and columns count from 1. */
export interface PythonFinding {
  rule: string;
  message: string;
  line: number | null;
  column: number | null;
}

export interface PythonViolation extends PythonFinding {
  code: 'PYTHON_SECURITY_ERROR';
  layer: 'STATIC' | 'RUNTIME' | 'KERNEL';
}

export type PythonOutcome =
  | { kind: 'succeeded'; result: unknown; durationMs: number }
  | { kind: 'failed'; error: PythonError; durationMs: number }
  | { kind: 'aborted'; durationMs: number };

export const pythonErrorCodes = [
  'PYTHON_NOT_FOUND',
  'PYTHON_TIMEOUT',
  'PYTHON_SECURITY_ERROR',
  'PYTHON_EXECUTION_ERROR',
  'PYTHON_SERVICE_ERROR',
  'PYTHON_PACKAGE_ERROR',
  'PYTHON_MEMORY_LIMIT',
  'PYTHON_SANDBOX_UNAVAILABLE',
] as const;
export type PythonErrorCode = (typeof pythonErrorCodes)[number];

export interface PythonError {
  code: PythonErrorCode;
  /** The exception's class (`ValueError`), or null where no exception was raised. */
  type: string | null;
  message: string;
  /** The user's own frames only, with their own line numbers. */
  traceback: string | null;
  line: number | null;
  column: number | null;
  exitCode: number | null;
  /** The last few KiB of what the run wrote to stderr. */
  stderr: string | null;
  /** Whether another attempt might end differently without a change of code. */
  retryable: boolean;
}

export interface SandboxStatus {
  available: boolean;
  /** Why not, and what to do about it; null when available. */
  problem: { code: PythonErrorCode; message: string; remedy: string } | null;
  pythonVersion: string | null;
  pythonPath: string | null;
  /** One entry per part of the walls, in force or not, with the remedy where not. */
  walls: { name: string; inForce: boolean; detail: string }[];
  /** The sandbox services that Python runs on; empty where it runs in this process. */
  services: SandboxServiceStatus[];
}

export interface SandboxServiceStatus extends SandboxCapacity {
  /** As it was set, followed by the address where its name has several. */
  url: string;
  isUp: boolean;
  /** Why it is not up; null when it is. */
  problem: string | null;
}
