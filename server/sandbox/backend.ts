import type { PythonEnvironments } from '../packages/environment.ts';

/** Limit on one piece of code. Python needs seconds to parse that much. */
export const MAX_CODE_CHARACTERS = 1_000_000;

/** Limit on `recursionLimit`: the stack of so many calls is within what the kernel leaves for one. */
export const MAX_RECURSION_LIMIT = 20_000;

/** Limit on the runs of a session that may share a cell. */
export const MAX_SESSION_RUNS = 1_000;

/** What code may do, from the strictest to the loosest; DESIGN.md says what each stops. */
export const pythonPolicies = ['strict', 'standard', 'kernel'] as const;
export type PythonPolicy = (typeof pythonPolicies)[number];

/** What the operator of a server grants to runs. */
export interface RunBounds {
  /** The longest time limit, milliseconds. */
  maxTimeoutMs: number;
  /** Of the scratch folder, and of /dev/shm as well, MiB. */
  scratchMb: number;
  /** Of one file, MiB. */
  fileMb: number;
  /** Of each output stream, MiB. */
  outputMb: number;
}

export const defaultBounds: RunBounds = { maxTimeoutMs: 300_000, scratchMb: 64, fileMb: 64, outputMb: 1 };

/**
 * All that the engine knows about Python: one interface, whatever runs behind it. A backend owns everything from
 * the request to the outcome (checking, packages, cells, limits, clean-up). The engine owns what the outcome
 * means for the workflow.
 */
export interface SandboxBackend extends AsyncDisposable {
  /**
   * Runs one piece of Python in a cell of its own. A failure of the code, of its packages or at a limit is an outcome
   * and never an exception. Aborting the signal ends the run (TERM, grace, KILL; KILL at once where the reason is an
   * object with `force: true`), and the promise resolves with `aborted`.
   * `onEvent` is called in order, one event at a time. While its promise is pending, the backend stops reading from the
   * run, so that a slow journal fills the run's pipe and not the heap.
   */
  run(request: PythonRunRequest, options: PythonRunOptions): Promise<PythonOutcome>;
  /** For runs that come one after another; as many as `maxRuns` may share a cell. */
  session(maxRuns: number): PythonSession;
  /**
   * All findings of the static wall and of Python's compiler, without running anything, and a finding for each package
   * that is malformed (rule `invalid-requirement`) or not allowed (`package-not-allowed`). `hosts`: as in a run.
   * @throws WeftError where nothing can be checked at present
   */
  check(code: string, options?: CheckOptions): Promise<PythonCheck>;
  /**
   * The shape that a run of this code will take; null where it cannot run, or where that is not known within
   * five seconds. At once for most code that was checked before.
   */
  shapeOf(code: string, policy?: PythonPolicy | null): PythonShape | null | Promise<PythonShape | null>;
  readonly environments: PythonEnvironments;
  /** What is in force on this host, as `serverInfo` and the doctor report it. */
  status(): Promise<SandboxStatus>;
  /** How busy the backend is at the moment of the call. Cheap. */
  capacity(): SandboxCapacity;
}

/**
 * Runs one after another, of which those that differ in their input alone may share a cell: for the items of a list, which
 * are the same code in the same execution. Each has a namespace, events, an outcome and limits of its own; modules stay
 * as the run before has left them. A run that ends its cell by a crash or at a limit costs only itself.
 */
export interface PythonSession extends Disposable {
  /** As of the backend. Not before the run before has ended. */
  run: SandboxBackend['run'];
}

export interface SandboxCapacity {
  /** Runs that have a slot. */
  running: number;
  /** Runs that wait for a slot or for their environment. */
  waiting: number;
  /** Slots. */
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
  /** Limit on the memory of all processes of the run, MiB; undefined for the backend's default. */
  memoryMb?: number | undefined;
  /** Hosts that the code may send requests to, within what the backend's operator opens; undefined for none. */
  hosts?: readonly string[] | undefined;
  /**
   * What the code gets as `secrets`. Whatever its output shows of them is masked before it is emitted; events beside
   * output, and the outcome, are masked by whoever calls.
   */
  secrets?: Readonly<Record<string, string>> | undefined;
  /** How many nested calls the code may have; undefined for Python's own 1,000. */
  recursionLimit?: number | undefined;
  /** A looser one than the backend's counts as the backend's; so does null. */
  policy?: PythonPolicy | null | undefined;
}

/** What a run of the code would have. */
export type CheckOptions = Partial<Pick<PythonRunRequest, 'packages' | 'policy' | 'hosts'>>;

/** The policy that holds where this one is asked for: never a looser one than the bound, which is the default. */
export function policyWithin(bound: PythonPolicy, asked: PythonPolicy | null | undefined): PythonPolicy {
  return pythonPolicies[Math.min(...[asked ?? bound, bound].map((each) => pythonPolicies.indexOf(each)))]!;
}

/** The same sandbox for code whose author asks for this policy. */
export function underPolicy(
  sandbox: SandboxBackend,
  policy: PythonPolicy | null | undefined,
): SandboxBackend {
  if (policy == null) return sandbox;
  return {
    ...forwarded(sandbox),
    run: (request, options) => sandbox.run({ ...request, policy }, options),
    session(maxRuns) {
      const session = sandbox.session(maxRuns);
      return {
        run: (request, options) => session.run({ ...request, policy }, options),
        [Symbol.dispose]: () => session[Symbol.dispose](),
      };
    },
    check: (code, options) => sandbox.check(code, { ...options, policy }),
    shapeOf: (code) => sandbox.shapeOf(code, policy),
  };
}

function forwarded(sandbox: SandboxBackend): SandboxBackend {
  return {
    environments: sandbox.environments,
    run: (request, options) => sandbox.run(request, options),
    session: (maxRuns) => sandbox.session(maxRuns),
    check: (code, options) => sandbox.check(code, options),
    shapeOf: (code, policy) => sandbox.shapeOf(code, policy),
    status: () => sandbox.status(),
    capacity: () => sandbox.capacity(),
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

/** The same sandbox, whose runs are those of the session. */
export function inSession(sandbox: SandboxBackend, session: PythonSession): SandboxBackend {
  return {
    ...forwarded(sandbox),
    run: (request, options) => session.run(request, options),
  };
}

/** The same sandbox. `onRun` gets how long each run had a cell, milliseconds. */
export function timed(sandbox: SandboxBackend, onRun: (durationMs: number) => void): SandboxBackend {
  return {
    ...forwarded(sandbox),
    async run(request, options) {
      const outcome = await sandbox.run(request, options);
      onRun(outcome.durationMs);
      return outcome;
    },
  };
}

export interface PythonRunOptions {
  signal: AbortSignal;
  onEvent: (event: PythonEvent) => void | Promise<void>;
  /**
   * Called for a violation that arrives after the outcome, within 0.3 s of it: code that forged its last frame goes on.
   * Must not throw. Runs on a sandbox service do not report these.
   */
  onLateViolation?: ((late: LateViolation) => void) | undefined;
  /**
   * Called when the code opens a file, after all events before that were delivered; not called again before it is
   * answered. What it throws, or what reading throws, the run throws. Without it, no file can be opened.
   */
  openFile?: ((id: string) => Promise<RunFile | FileRefusal>) | undefined;
  /** `traceparent` and `tracestate` of each request of the code that has no `traceparent` of its own. */
  traceHeaders?: Readonly<Record<string, string>> | undefined;
}

/** A file for a run. */
export interface RunFile {
  name: string;
  sizeBytes: number;
  /** May be read more than once. */
  content: AsyncIterable<Buffer>;
}

/** Why a run gets no file: the message of the exception in the code. */
export interface FileRefusal {
  refused: string;
}

export interface LateViolation {
  violation: PythonViolation;
  /** Whether a run fails by it that would otherwise have succeeded. */
  isFatal: boolean;
}

export type PythonEvent =
  | {
      kind: 'output';
      stream: 'STDOUT' | 'STDERR';
      text: string;
      /** Position of the text's first byte in the stream as the run wrote it. */
      byteOffset: number;
      /** True where the rest of a long line, or the rest of the whole stream, is discarded after this text. */
      truncated: boolean;
      /** Present only where `truncated` is true. */
      code?: 'PYTHON_OUTPUT_LIMIT' | undefined;
      /** Present only where `truncated` is true: which limit was reached. */
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
  | {
      kind: 'violation';
      violation: PythonViolation;
      /** How often it came since the last event of the same violation; absent for once. */
      count?: number | undefined;
      /** False where a library did it on its own account, which fails no run; absent otherwise. */
      isFatal?: false | undefined;
    }
  | {
      kind: 'environment';
      status: 'RESOLVING' | 'INSTALLING' | 'READY' | 'FAILED';
      packages: readonly string[];
      message: string | null;
    }
  | ({ kind: 'artifact' } & ArtifactFile)
  | ({ kind: 'request' } & PythonRequest);

/** A request that a run sent, once it is over. Without its URL, which may hold secrets. */
export interface PythonRequest {
  /** With the port where that is not the usual one. */
  host: string;
  method: string;
  /** Null where no response came. */
  httpStatus: number | null;
  /** Bytes of the bodies as they were sent. */
  sentBytes: number;
  receivedBytes: number;
  durationMs: number;
  /** Why there is no whole response: a code such as TIMEOUT or REFUSED_ADDRESS; null where there is one. */
  failureCode: string | null;
}

/** A file that a run saves beside its result, at most 10 MiB. */
export interface ArtifactFile {
  /** What the run calls it in its result; absent where an earlier release of a sandbox service ran it. */
  id?: string | undefined;
  /** Without folders. */
  name: string;
  mimeType: string;
  base64: string;
}

/** In which shape code may come; python/shapes.py describes them. */
export const pythonShapes = ['SCRIPT', 'RETURN', 'AWAIT', 'MAIN'] as const;
export type PythonShape = (typeof pythonShapes)[number];

/** Rules of findings that say of code that it cannot run, and not that it may not. */
export const mistakes: readonly string[] = ['syntax-error', 'two-shapes'];

/** What can be said of code without running it. */
export interface PythonCheck {
  findings: PythonFinding[];
  /** Null for code that cannot run. */
  shape: PythonShape | null;
  /** The JSON Schema of the input that `main` expects; null for code of another shape. */
  inputSchema: unknown;
  /** The packages of what it imports beside the standard library, by the names to install them by. */
  imports: readonly string[];
  /** By which the code was judged. */
  policy: PythonPolicy;
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

/** As in python/program.py. */
export const noticeCodes = ['RESULT_DROPPED', 'NO_RESULT', 'END_CUT_SHORT'] as const;

export interface PythonNotice {
  code: (typeof noticeCodes)[number];
  message: string;
}

export type PythonOutcome =
  | {
      kind: 'succeeded';
      result: unknown;
      /** What is probably a mistake, but no failure; absent where there is nothing to say. */
      notices?: readonly PythonNotice[] | undefined;
      durationMs: number;
    }
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
  /** Only the frames of the user's code, with the line numbers of that code. */
  traceback: string | null;
  line: number | null;
  column: number | null;
  exitCode: number | null;
  /** The last few KiB of what the run wrote to stderr. */
  stderr: string | null;
  /** Whether another attempt may succeed without a change of the code. */
  retryable: boolean;
}

export interface SandboxStatus {
  available: boolean;
  /** Why Python is not available and what to do about it; null when it is available. */
  problem: { code: PythonErrorCode; message: string; remedy: string } | null;
  pythonVersion: string | null;
  pythonPath: string | null;
  /** The loosest that code may have here, which it has where it asks for none. */
  policy: PythonPolicy;
  /** One entry for each part of the walls; `detail` has the remedy where that part is not in force. */
  walls: { name: string; inForce: boolean; detail: string }[];
  /** The sandbox services that runs are sent to; empty for the local sandbox. */
  services: SandboxServiceStatus[];
}

export interface SandboxServiceStatus extends SandboxCapacity {
  /** As configured, followed by the address where the host name has several. */
  url: string;
  isUp: boolean;
  /** Why the service is down; null when it is up. */
  problem: string | null;
}
