import { channels } from '../../shared/channels.ts';
import type { Cell, CellInMaking } from './cell.ts';
import { Demand, type PoolSize } from './demand.ts';
import type { ForkServerSupervisor } from './fork-server-supervisor.ts';

/**
 * Makes cells ahead, as many as runs are likely to need (demand.ts), so that a run finds one waiting; every cell is used
 * once. Once all cells are made, they rehearse
 * (python/rehearsal.py). A rehearsal costs as much as making a cell, with pandas three times as much: where runs arrive
 * faster than cells are made, rehearsals would cost more than they save.
 */
export class CellPool {
  private bare: CellInMaking[] = [];
  private rehearsed: CellInMaking[] = [];
  private isRefilling = false;
  private pause: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly demand: Demand;
  private shrinking: NodeJS.Timeout | undefined;

  constructor(
    private readonly supervisor: ForkServerSupervisor,
    size: PoolSize,
  ) {
    this.demand = new Demand(size);
  }

  /** A waiting cell, or a new one where none waits. Throws SandboxProblem where none can be made. */
  async acquire(): Promise<Cell> {
    this.demand.note();
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      const idle = this.nextIdle();
      const cell = idle ?? (await this.supervisor.up()).makeCell();
      try {
        const ready = await cell.ready;
        if (channels.cell.hasSubscribers)
          channels.cell.publish({
            waitMs: performance.now() - startedAt,
            isWaiting: idle !== undefined,
          });
        return ready;
      } catch (error) {
        // The fork-server may have died meanwhile; the next one may work.
        if (attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Resolves when a cell waits, which proves that this host can make cells. Throws SandboxProblem where it cannot. */
  async ensureAvailable(): Promise<void> {
    this.forgetEnded();
    if (this.waiting === 0) await this.makeOne();
    else await (this.rehearsed[0] ?? this.bare[0])?.ready;
  }

  /** Replaces the cells that were used. */
  refill(): void {
    clearTimeout(this.pause);
    if (this.isRefilling || this.isClosed) return;
    this.isRefilling = true;
    this.makeCells()
      .catch(() => {}) // the next run tries again, and reports the error if it stays
      .finally(() => {
        this.isRefilling = false;
      });
  }

  close(): void {
    clearTimeout(this.pause);
    clearTimeout(this.shrinking);
    this.isClosed = true;
  }

  private get waiting(): number {
    return this.bare.length + this.rehearsed.length;
  }

  /** One after another, so that a run that finds none waiting does not queue behind all of them. */
  private async makeCells(): Promise<void> {
    while (!this.isClosed) {
      this.forgetEnded();
      if (this.waiting < this.demand.wanted) await this.makeOne();
      else if (this.bare.length > 0) await this.rehearseOne();
      else return this.shrinkLater();
    }
  }

  private async makeOne(): Promise<void> {
    const cell = (await this.supervisor.up()).makeCell();
    this.bare.push(cell);
    await cell.ready;
  }

  private async rehearseOne(): Promise<void> {
    const cell = this.bare.shift()!;
    await (await cell.ready).rehearse();
    this.rehearsed.push(cell);
  }

  /** When it has been quiet for a while, the cells that are too many end. */
  private shrinkLater(): void {
    clearTimeout(this.shrinking);
    const { quietInMs } = this.demand;
    if (quietInMs === null || this.isClosed) return;
    this.shrinking = setTimeout(() => this.shrink(), quietInMs + 1);
    this.shrinking.unref();
  }

  private shrink(): void {
    this.forgetEnded();
    while (this.waiting > this.demand.wanted) {
      const cell = this.bare.pop() ?? this.rehearsed.pop()!;
      cell.ready.then(
        (waiting) => waiting.end(0),
        () => {}, // it has ended by itself
      );
    }
    this.shrinkLater();
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

  /** Making a cell costs milliseconds of CPU that the run which has just started needs more urgently. */
  private refillSoon(): void {
    clearTimeout(this.pause);
    if (this.waiting < Math.min(LOW_WATER, this.demand.wanted / 2)) this.refill();
    else this.pause = setTimeout(() => this.refill(), REFILL_AFTER_MS);
  }
}

const MAX_ATTEMPTS = 3;
const LOW_WATER = 4;
const REFILL_AFTER_MS = 25;
