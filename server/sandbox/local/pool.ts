import type { Cell, CellInMaking } from './cell.ts';
import type { ForkServerKeeper } from './keeper.ts';

/** Keeps cells made ahead, so that a run finds one waiting; every cell is handed out once. */
export class CellPool {
  private idle: CellInMaking[] = [];
  private isRefilling = false;
  private pause: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly keeper: ForkServerKeeper,
    private readonly size: number,
  ) {}

  /** The oldest waiting cell, or one made now. Throws SandboxProblem where none can be made. */
  async take(): Promise<Cell> {
    for (let attempt = 1; ; attempt += 1) {
      const cell = this.nextIdle() ?? (await this.keeper.up()).makeCell('awaited-cell');
      try {
        return await cell.ready;
      } catch (error) {
        // The fork-server may have died under it; another one is worth a try.
        if (attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Resolves when a cell waits: this host can make them. Throws SandboxProblem where it cannot. */
  async prove(): Promise<void> {
    this.idle = this.idle.filter((cell) => !cell.hasExited);
    if (this.idle.length === 0) this.idle.push((await this.keeper.up()).makeCell());
    await this.idle[0]?.ready;
  }

  /**
   * Makes up for cells that were taken, one after another, so that a run that finds none waiting does not
   * queue behind a whole refill.
   */
  refill(): void {
    clearTimeout(this.pause);
    if (this.isRefilling || this.isClosed) return;
    this.isRefilling = true;
    this.makeMissing()
      .catch(() => {}) // told to the next run, which tries again
      .finally(() => {
        this.isRefilling = false;
      });
  }

  close(): void {
    clearTimeout(this.pause);
    this.isClosed = true;
  }

  private async makeMissing(): Promise<void> {
    this.idle = this.idle.filter((cell) => !cell.hasExited);
    while (this.idle.length < this.size && !this.isClosed) {
      const cell = (await this.keeper.up()).makeCell();
      this.idle.push(cell);
      await cell.ready;
    }
  }

  private nextIdle(): CellInMaking | undefined {
    let cell = this.idle.shift();
    while (cell?.hasExited) cell = this.idle.shift();
    this.refillSoon();
    return cell;
  }

  /** A cell costs milliseconds of CPU to make, which a run that was just dispatched, and its followers, need more. */
  private refillSoon(): void {
    clearTimeout(this.pause);
    if (this.idle.length < LOW_WATER) this.refill();
    else this.pause = setTimeout(() => this.refill(), REFILL_AFTER_MS);
  }
}

const MAX_ATTEMPTS = 3;
const LOW_WATER = 4;
const REFILL_AFTER_MS = 25;
