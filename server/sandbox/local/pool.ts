import type { Cell, CellInMaking } from './cell.ts';
import type { ForkServerKeeper } from './fork-server-supervisor.ts';

/**
 * Keeps cells made ahead, so that a run finds one waiting; every cell is handed out once. When all are made they
 * rehearse (python/rehearsal.py). That costs as much as to make one, and with pandas three times as much: where runs
 * come faster than cells are made, it would cost them more than it saves.
 */
export class CellPool {
  private bare: CellInMaking[] = [];
  private rehearsed: CellInMaking[] = [];
  private isStocking = false;
  private pause: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly keeper: ForkServerKeeper,
    private readonly size: number,
  ) {}

  /** One that waits, or one made now. Throws SandboxProblem where none can be made. */
  async take(): Promise<Cell> {
    for (let attempt = 1; ; attempt += 1) {
      const cell = this.nextIdle() ?? (await this.keeper.up()).makeCell();
      try {
        return await cell.ready;
      } catch (error) {
        // The fork-server may have died under it; another one is worth a try.
        if (attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Resolves when a cell waits: this host can make them. Throws SandboxProblem where it cannot. */
  async ensureAvailable(): Promise<void> {
    this.forgetEnded();
    if (this.waiting === 0) await this.makeOne();
    else await (this.rehearsed[0] ?? this.bare[0])?.ready;
  }

  /** Makes up for cells that were taken. */
  refill(): void {
    clearTimeout(this.pause);
    if (this.isStocking || this.isClosed) return;
    this.isStocking = true;
    this.stock()
      .catch(() => {}) // told to the next run, which tries again
      .finally(() => {
        this.isStocking = false;
      });
  }

  close(): void {
    clearTimeout(this.pause);
    this.isClosed = true;
  }

  private get waiting(): number {
    return this.bare.length + this.rehearsed.length;
  }

  /** One after another, so that a run that finds none waiting does not queue behind all of them. */
  private async stock(): Promise<void> {
    while (!this.isClosed) {
      this.forgetEnded();
      if (this.waiting < this.size) await this.makeOne();
      else if (this.bare.length > 0) await this.rehearseOne();
      else return;
    }
  }

  private async makeOne(): Promise<void> {
    const cell = (await this.keeper.up()).makeCell();
    this.bare.push(cell);
    await cell.ready;
  }

  private async rehearseOne(): Promise<void> {
    const cell = this.bare.shift()!;
    await (await cell.ready).rehearse();
    this.rehearsed.push(cell);
  }

  private forgetEnded(): void {
    this.bare = this.bare.filter((cell) => !cell.hasExited);
    this.rehearsed = this.rehearsed.filter((cell) => !cell.hasExited);
  }

  private nextIdle(): CellInMaking | undefined {
    this.forgetEnded();
    const cell = this.rehearsed.shift() ?? this.bare.shift();
    this.refillSoon();
    return cell;
  }

  /** A cell costs milliseconds of CPU to make, which a run that was just dispatched, and its followers, need more. */
  private refillSoon(): void {
    clearTimeout(this.pause);
    if (this.waiting < Math.min(LOW_WATER, this.size / 2)) this.refill();
    else this.pause = setTimeout(() => this.refill(), REFILL_AFTER_MS);
  }
}

const MAX_ATTEMPTS = 3;
const LOW_WATER = 4;
const REFILL_AFTER_MS = 25;
