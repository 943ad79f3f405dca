import { isDeepStrictEqual } from 'node:util';
import type { PythonOutcome, PythonRunOptions, PythonRunRequest, PythonSession } from '../backend.ts';
import type { Cell } from './cell.ts';
import { CellOutput } from './cell-output.ts';
import { CellRun, type RunInCellOptions } from './run-in-cell.ts';

/** What a session needs of its sandbox. */
export interface SessionHost {
  /** Takes account of a run; its signal aborts when the sandbox closes. */
  track(
    options: PythonRunOptions,
    run: (options: PythonRunOptions) => Promise<PythonOutcome>,
  ): Promise<PythonOutcome>;
  /** A cell for this request, or the outcome of one that gets none. */
  open(request: PythonRunRequest, options: PythonRunOptions): Promise<OpenedCell | PythonOutcome>;
  /** Whether others wait for a slot. */
  isWanted(): boolean;
  /** The session is over. */
  onEnd(): void;
}

export interface OpenedCell extends Disposable {
  cell: Cell;
  /** The request within the bounds of the sandbox. */
  request: PythonRunRequest;
  options: Omit<RunInCellOptions, keyof PythonRunOptions | 'mayFollow' | 'follows'>;
}

/** A cell, and the slot and environment that it holds. */
interface Held {
  opened: OpenedCell;
  output: CellOutput;
  asked: PythonRunRequest;
  since: number;
  runs: number;
  last: CellRun | null;
  /** Whether the cell is gone. */
  hasEnded: boolean;
}

/** A session that has nothing to run holds its cell no longer than this. */
const IDLE_MS = 1_000;
/** What waits for a slot gets that of a session that has had it for so long; a new cell costs some 5 ms. */
const FAIR_MS = 100;

/**
 * Runs in one cell after another. A run gets the cell of the run before where it differs from it in its input alone and
 * that one has left nothing behind (python/leftovers.py); what ends a cell costs the run in it, and no other.
 */
export class LocalSession implements PythonSession {
  private held: Held | null = null;
  private isIdle = true;
  private idling: NodeJS.Timeout | undefined;

  constructor(
    private readonly host: SessionHost,
    private readonly maxRuns: number,
  ) {}

  run(request: PythonRunRequest, options: PythonRunOptions): Promise<PythonOutcome> {
    return this.host.track(options, async (tracked) => {
      this.isIdle = false;
      clearTimeout(this.idling);
      try {
        return await this.runInCell(request, tracked);
      } finally {
        this.isIdle = true;
        if (this.held !== null) this.idling = setTimeout(() => this.end(), IDLE_MS).unref();
      }
    });
  }

  /** Gives up its cell where nothing runs in it. */
  giveUp(): void {
    if (this.isIdle) this.end();
  }

  [Symbol.dispose](): void {
    this.end();
    this.host.onEnd();
  }

  private async runInCell(request: PythonRunRequest, options: PythonRunOptions): Promise<PythonOutcome> {
    const held = this.reusable(request) ?? (await this.open(request, options));
    if ('kind' in held) return held;
    held.runs += 1;
    const { cell, request: bounded, options: given } = held.opened;
    const run = new CellRun(
      cell,
      held.output,
      { ...bounded, input: request.input },
      { ...options, ...given, mayFollow: this.maxRuns > 1, follows: held.runs > 1 },
    );
    held.last = run;
    try {
      return await run.start();
    } finally {
      const isPast = held.runs >= this.maxRuns || this.mustShare(held);
      if (!run.isFit || isPast) this.end();
    }
  }

  private mustShare({ since }: Held): boolean {
    return this.host.isWanted() && performance.now() - since > FAIR_MS;
  }

  private reusable(request: PythonRunRequest): Held | null {
    const { held } = this;
    if (held?.last?.isFit && !held.hasEnded && isSameProgram(held.asked, request)) return held;
    this.end();
    return null;
  }

  private async open(request: PythonRunRequest, options: PythonRunOptions): Promise<Held | PythonOutcome> {
    const opened = await this.host.open(request, options);
    if ('kind' in opened) return opened;
    const held: Held = {
      opened,
      output: new CellOutput(opened.cell),
      asked: request,
      since: performance.now(),
      runs: 0,
      last: null,
      hasEnded: false,
    };
    void opened.cell.exited.then(() => {
      held.hasEnded = true;
    });
    this.held = held;
    return held;
  }

  private end(): void {
    const { held } = this;
    clearTimeout(this.idling);
    this.held = null;
    if (held === null) return;
    held.output.close();
    // A cell that ends by itself tears itself down when there is time; one that waits for another run would go on.
    if (held.last?.isFit) held.opened.cell.end(0);
    else held.opened.cell.leave();
    held.opened[Symbol.dispose]();
  }
}

/** Whether the requests differ in their input alone. */
function isSameProgram(a: PythonRunRequest, b: PythonRunRequest): boolean {
  const isSameList = (one: readonly string[] = [], other: readonly string[] = []) =>
    one.length === other.length && one.every((text, index) => text === other[index]);
  return (
    a.code === b.code &&
    isSameList(a.packages, b.packages) &&
    isSameList(a.hosts, b.hosts) &&
    a.timeoutMs === b.timeoutMs &&
    a.memoryMb === b.memoryMb &&
    a.recursionLimit === b.recursionLimit &&
    a.policy === b.policy &&
    isDeepStrictEqual(a.secrets, b.secrets)
  );
}
