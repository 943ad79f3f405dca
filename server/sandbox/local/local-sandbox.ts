import { join } from 'node:path';
import type { Lookup } from '../../outbound/connector.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Environments } from '../../packages/environments.ts';
import { coerceError, WeftError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { removeFolder } from '../../shared/remove-folder.ts';
import { Semaphore } from '../../shared/semaphore.ts';
import { ActiveRuns } from '../active-runs.ts';
import {
  type CheckOptions,
  defaultBounds,
  mistakes,
  type PythonCheck,
  type PythonError,
  type PythonOutcome,
  type PythonPolicy,
  type PythonRunOptions,
  type PythonRunRequest,
  type PythonShape,
  policyWithin,
  type RunBounds,
  type SandboxBackend,
  type SandboxCapacity,
  type SandboxStatus,
} from '../backend.ts';
import { pythonError } from '../python-error.ts';
import { isPlainScript, withinTime } from '../shape.ts';
import { usesWeb } from '../web.ts';
import { Checker } from './checker.ts';
import { openControlGroups } from './control-group.ts';
import type { PoolSize } from './demand.ts';
import { type ForkServer, startForkServer } from './fork-server.ts';
import { forkServerConfig } from './fork-server-config.ts';
import { ForkServerSupervisor } from './fork-server-supervisor.ts';
import { findInterpreter, type Interpreter } from './interpreter.ts';
import { PackageEnvironments } from './package-environments.ts';
import { toFindings } from './packages.ts';
import { CellPool } from './pool.ts';
import { SandboxProblem } from './problem.ts';
import { defaultRequestLimits, openRequestOutbound, type RequestLimits } from './requests.ts';
import { LocalSession, type OpenedCell } from './session.ts';
import { wallsInForce } from './walls.ts';
import { type ForkServerParts, WarmEnvironments } from './warm-environments.ts';

export interface LocalSandboxOptions {
  /** Default: `python3` on the PATH. */
  pythonPath?: string | undefined;
  /** Default: `bwrap` in the system's own folders, because it is started without a PATH. */
  bubblewrapPath?: string | undefined;
  /** Holds sockets, so its path must be short (107 bytes with the name). Made when absent, removed on dispose. */
  runFolder: string;
  /** Installs the packages of runs. */
  environments: Environments;
  /** Whether packages are imported ahead. Where false, no package code ever runs outside a cell. */
  preload?: boolean | undefined;
  /** Limit on the import of one package ahead of its runs, milliseconds. */
  importTimeoutMs?: number | undefined;
  /** How many environments with packages keep a fork-server; more do only while they have active runs. */
  warmEnvironments?: number | undefined;
  /** The fork-server of an environment that no run has used for this long is ended, milliseconds. */
  idleEnvironmentMs?: number | undefined;
  /** Cells that wait for runs without packages. */
  idleCells?: PoolSize | undefined;
  /** Cells that wait for runs, in each environment with packages. */
  idlePackageCells?: PoolSize | undefined;
  /** Runs that may be active at once; further runs wait for a slot. */
  maxCells?: number | undefined;
  /** Limit on the CPU time of all threads and processes of a run, as a multiple of its timeout. */
  cpuShare?: number | undefined;
  /** Default: no host is open. */
  requestLimits?: Partial<RequestLimits> | undefined;
  /** Default: the system's resolver, for the hosts of requests. */
  lookup?: Lookup | undefined;
  /** The loosest that runs may have, and the default; `kernel` leaves out the static and the runtime wall. */
  policy: PythonPolicy;
  /** Whether code may open files of its own folder for writing under `strict` as well. */
  allowsScratchWrites?: boolean | undefined;
  bounds?: RunBounds | undefined;
  logger: Logger;
}

/**
 * 4 MB each. Forty, so that workflows of forty nodes in sequence wait for no cell (bench/cell-dispatch.ts), while runs
 * come; four are enough for whoever comes first.
 */
const DEFAULT_IDLE_CELLS: PoolSize = { least: 4, most: 40 };
/** 11 MB each with pandas (bench/warm-packages.ts). */
const DEFAULT_IDLE_PACKAGE_CELLS: PoolSize = { least: 2, most: 8 };
const DEFAULT_WARM_ENVIRONMENTS = 8;
const DEFAULT_IDLE_ENVIRONMENT_MS = 10 * 60_000;
const DEFAULT_MAX_CELLS = 16;
const DEFAULT_MEMORY_MB = 512;
const DEFAULT_CPU_SHARE = 1.5;

/**
 * Python on this machine, in cells that are used once (DESIGN.md). It opens even where Python or bubblewrap is missing:
 * every run then fails with the reason and the remedy, and runs succeed as soon as the program is installed.
 */
export async function openLocalSandbox(options: LocalSandboxOptions): Promise<SandboxBackend> {
  const sandbox = new LocalSandbox(options);
  await sandbox.warmUp();
  return sandbox;
}

class LocalSandbox implements SandboxBackend {
  readonly environments: PackageEnvironments;
  private readonly supervisor: ForkServerSupervisor;
  private readonly pool: CellPool;
  private readonly checkers = new Map<PythonPolicy, Checker>();
  /** Check code that is not about to run, in cells of their own, so that no run waits for it. */
  private readonly previewers = new Map<PythonPolicy, Checker>();
  private readonly bounds: RunBounds;
  private readonly slots: Semaphore;
  private readonly activeRuns = new ActiveRuns();
  private readonly sessions = new Set<LocalSession>();
  private readonly controlGroups = openControlGroups();
  private interpreter: Interpreter | null = null;
  private readonly requestLimits: RequestLimits;
  private readonly outbound: Outbound;
  private startedServers = 0;

  constructor(private readonly options: LocalSandboxOptions) {
    this.supervisor = new ForkServerSupervisor((signal) => this.startServer(null, signal), options.logger);
    this.pool = new CellPool(this.supervisor, options.idleCells ?? DEFAULT_IDLE_CELLS);
    const warm = new WarmEnvironments({
      start: (parts, signal) => this.startServer(parts, signal),
      max: options.warmEnvironments ?? DEFAULT_WARM_ENVIRONMENTS,
      idleMs: options.idleEnvironmentMs ?? DEFAULT_IDLE_ENVIRONMENT_MS,
      idleCells: options.idlePackageCells ?? DEFAULT_IDLE_PACKAGE_CELLS,
      logger: options.logger,
    });
    this.environments = new PackageEnvironments(options.environments, warm, options.logger);
    this.bounds = options.bounds ?? defaultBounds;
    this.slots = new Semaphore(options.maxCells ?? DEFAULT_MAX_CELLS);
    this.requestLimits = { ...defaultRequestLimits, ...options.requestLimits };
    this.outbound = openRequestOutbound(this.requestLimits, options.lookup);
  }

  async warmUp(): Promise<void> {
    try {
      await this.pool.ensureAvailable();
      this.pool.refill();
    } catch (error) {
      this.options.logger.warn(
        { error: coerceError(error).message },
        'Python nodes cannot run on this host at present',
      );
    }
  }

  async run(request: PythonRunRequest, options: PythonRunOptions): Promise<PythonOutcome> {
    using session = this.session(1);
    return await session.run(request, options);
  }

  session(maxRuns: number): LocalSession {
    const session = new LocalSession(
      {
        track: (options, run) =>
          this.activeRuns.track(options.signal, (signal) => this.guarded({ ...options, signal }, run)),
        open: (request, options) => this.open(request, options),
        isWanted: () => this.slots.isWanted,
        onEnd: () => this.sessions.delete(session),
      },
      maxRuns,
    );
    if (maxRuns > 1) this.sessions.add(session);
    return session;
  }

  async check(code: string, { packages = [], policy, hosts }: CheckOptions = {}): Promise<PythonCheck> {
    try {
      const checker = this.checkerOf(policy, { compiles: true });
      const found = await checker.check(code, usesWeb({ packages, hosts }));
      return {
        ...found,
        findings: [...toFindings(this.options.environments.check(packages)), ...found.findings],
      };
    } catch (error) {
      if (!(error instanceof SandboxProblem)) throw error;
      throw new WeftError(error.code, `${error.message}. ${error.remedy}`, { cause: error });
    }
  }

  /** By the same check as the run's, whose answer the run then has. */
  shapeOf(code: string, policy?: PythonPolicy | null): PythonShape | null | Promise<PythonShape | null> {
    if (isPlainScript(code)) return 'SCRIPT';
    const checker = this.checkerOf(policy, { compiles: false });
    const known = checker.known(code);
    return known ? known.shape : withinTime(checker.check(code).then(({ shape }) => shape));
  }

  async status(): Promise<SandboxStatus> {
    const problem = await this.pool.ensureAvailable().then(
      () => null,
      (error) => problemOf(error),
    );
    return {
      available: problem === null,
      problem,
      pythonVersion: this.interpreter?.version ?? null,
      pythonPath: this.interpreter?.executable ?? null,
      policy: this.options.policy,
      walls: wallsInForce(this.options.policy, problem === null, isRoot(), await this.controlGroups),
      services: [],
    };
  }

  capacity(): SandboxCapacity {
    const { running, max } = this.slots;
    return { running, waiting: Math.max(0, this.activeRuns.count - running), max };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.activeRuns.end(new Error('The sandbox is shutting down'));
    this.pool.close();
    await ended;
    for (const session of this.sessions) session.giveUp();
    await Promise.all([this.supervisor[Symbol.asyncDispose](), this.environments[Symbol.asyncDispose]()]);
    await this.outbound[Symbol.asyncDispose]();
    const { runFolder, logger } = this.options;
    await removeFolder(runFolder).catch((error) =>
      logger.warn({ err: error }, 'the run folder could not be removed'),
    );
  }

  /** A cell checks by one policy in its life. */
  private checkerOf(asked: PythonPolicy | null | undefined, { compiles }: { compiles: boolean }): Checker {
    const policy = policyWithin(this.options.policy, asked);
    const checkers = compiles ? this.previewers : this.checkers;
    const { allowsScratchWrites = false } = this.options;
    const known = checkers.get(policy);
    const checker =
      known ?? new Checker(() => this.pool.acquire(), { policy, allowsScratchWrites, compiles });
    checkers.set(policy, checker);
    return checker;
  }

  private async guarded(
    options: PythonRunOptions,
    run: (options: PythonRunOptions) => Promise<PythonOutcome>,
  ): Promise<PythonOutcome> {
    try {
      return await run(options);
    } catch (error) {
      if (options.signal.aborted) return { kind: 'aborted', durationMs: 0 };
      if (error instanceof SandboxProblem) return failed(errorOf(error));
      throw error;
    }
  }

  /** The failed outcome of a request that the static wall refuses; null for any other. */
  private async refuse(request: PythonRunRequest, options: PythonRunOptions): Promise<PythonOutcome | null> {
    if (policyWithin(this.options.policy, request.policy) === 'kernel') return null;
    const checker = this.checkerOf(request.policy, { compiles: false });
    const found = await checker.check(request.code, usesWeb(request));
    const findings = found.findings.filter(({ rule }) => !mistakes.includes(rule));
    for (const finding of findings) {
      const violation = { ...finding, code: 'PYTHON_SECURITY_ERROR' as const, layer: 'STATIC' as const };
      await options.onEvent({ kind: 'violation', violation });
    }
    const [first, ...more] = findings;
    if (!first) return null;
    const message = more.length > 0 ? `${first.message} (and ${more.length} more)` : first.message;
    return failed(
      pythonError({ code: 'PYTHON_SECURITY_ERROR', message, line: first.line, column: first.column }),
    );
  }

  private async open(
    request: PythonRunRequest,
    options: PythonRunOptions,
  ): Promise<OpenedCell | PythonOutcome> {
    const refused = await this.refuse(request, options);
    if (refused !== null) return refused;
    if (request.packages.length === 0) return this.openIn(this.pool, request, options);
    // Before the run acquires a slot: a fork-server may take seconds to start, and a slot would be idle meanwhile.
    const held = await this.environments.hold(request, options);
    if ('kind' in held) return held;
    using releases = new DisposableStack();
    releases.use(held);
    const opened = await this.openIn(held.pool, request, options);
    const kept = releases.move();
    kept.use(opened);
    return { ...opened, [Symbol.dispose]: () => kept.dispose() };
  }

  private async openIn(
    pool: CellPool,
    request: PythonRunRequest,
    { signal }: PythonRunOptions,
  ): Promise<OpenedCell> {
    // Sessions that have nothing to run now.
    if (this.slots.running >= this.slots.max) for (const session of this.sessions) session.giveUp();
    using releases = new DisposableStack();
    releases.use(await this.slots.acquire(signal));
    signal.throwIfAborted();
    const cell = await pool.acquire();
    const kept = releases.move();
    return {
      cell,
      request: { ...request, timeoutMs: Math.min(request.timeoutMs, this.bounds.maxTimeoutMs) },
      options: {
        policy: policyWithin(this.options.policy, request.policy),
        allowsScratchWrites: this.options.allowsScratchWrites ?? false,
        bounds: this.bounds,
        memoryMb: request.memoryMb ?? DEFAULT_MEMORY_MB,
        cpuShare: this.options.cpuShare ?? DEFAULT_CPU_SHARE,
        outbound: this.outbound,
        requestLimits: this.requestLimits,
      },
      [Symbol.dispose]: () => kept.dispose(),
    };
  }

  private async startServer(parts: ForkServerParts | null, signal: AbortSignal): Promise<ForkServer> {
    const { options } = this;
    this.interpreter ??= await findInterpreter(options.pythonPath ?? 'python3');
    const asRoot = isRoot();
    this.startedServers += 1;
    const { groups } = await this.controlGroups;
    return startForkServer({
      interpreter: this.interpreter,
      // A new folder for each fork-server, so that files of a dead one cannot collide with it.
      socketFolder: join(options.runFolder, String(this.startedServers)),
      bubblewrapPath: options.bubblewrapPath ?? 'bwrap',
      asRoot,
      controlGroups: groups,
      sitePackages: parts?.sitePackages,
      importTimeoutMs: options.importTimeoutMs,
      config: forkServerConfig({
        asRoot,
        policy: options.policy,
        bounds: this.bounds,
        preload: parts && (options.preload === false ? [] : parts.preload),
      }),
      signal,
      logger: options.logger,
    });
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function failed(error: PythonError): PythonOutcome {
  return { kind: 'failed', error, durationMs: 0 };
}

function errorOf(problem: SandboxProblem): PythonError {
  const { code, message, remedy } = problem;
  return pythonError({ code, message: `${message}. ${remedy}`, retryable: code === 'PYTHON_SERVICE_ERROR' });
}

function problemOf(error: unknown): SandboxStatus['problem'] {
  if (error instanceof SandboxProblem)
    return { code: error.code, message: error.message, remedy: error.remedy };
  return {
    code: 'PYTHON_SERVICE_ERROR',
    message: coerceError(error).message,
    remedy: 'Read the log of the server.',
  };
}
