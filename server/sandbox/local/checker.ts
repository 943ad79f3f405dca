import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PythonFinding } from '../backend.ts';
import type { CellFrame } from '../frames.ts';
import type { Cell } from './cell.ts';

/**
 * The static wall: sends code to a long-lived cell that only parses, and caches the findings by the hash of the code.
 * Parsing happens in a cell because hostile text can crash or hang a parser; a cell that crashes or hangs is replaced.
 * The shortest waiting code is checked next: it takes milliseconds, and would wait minutes behind many of the longest.
 */
export class Checker {
  private readonly cache = new Map<string, PythonFinding[]>();
  private cell: Promise<Cell> | null = null;
  private readonly waiting: Waiting[] = [];
  private isBusy = false;

  constructor(
    private readonly makeCell: () => Promise<Cell>,
    private readonly policy: 'strict' | 'kernel',
    private readonly timeoutMs = 5_000,
  ) {}

  /** Throws SandboxProblem where no cell can be made. */
  check(code: string): Promise<PythonFinding[]> {
    const key = hash('sha256', code, 'base64');
    const cached = this.cache.get(key);
    if (cached) return Promise.resolve(cached);
    const { promise, resolve, reject } = Promise.withResolvers<PythonFinding[]>();
    this.waiting.push({ code, resolve, reject });
    void this.checkAll();
    return promise.then((findings) => this.remember(key, findings));
  }

  // cannot reject: each check's failure is passed to whoever waits for it
  private async checkAll(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    for (let next = removeShortest(this.waiting); next !== undefined; next = removeShortest(this.waiting))
      await this.checkInCell(next.code).then(next.resolve, next.reject);
    this.isBusy = false;
  }

  private async checkInCell(code: string): Promise<PythonFinding[]> {
    const cell = await this.current();
    const findings = Promise.withResolvers<Extract<CellFrame, { kind: 'findings' }>>();
    cell.channel.onFrame = (frame) => frame.kind === 'findings' && findings.resolve(frame);
    cell.channel.send({ kind: 'check', code, policy: this.policy, memoryMb: MEMORY_MB });
    const late = new AbortController();
    const timedOut = delay(this.timeoutMs, { kind: 'late' } as const, { signal: late.signal });
    timedOut.catch(() => {}); // rejects when `late` aborts
    const first = await Promise.race([findings.promise, cell.exited, timedOut]);
    late.abort();
    if (first.kind === 'findings') return first.findings;
    if (first.kind === 'lost') return this.checkInCell(code);
    cell.end(0);
    this.cell = null;
    return [TOO_COMPLEX];
  }

  private async current(): Promise<Cell> {
    const cell = await this.cell?.catch(() => null);
    if (cell) return cell;
    const making = this.makeCell();
    this.cell = making;
    const made = await making;
    // A cell that was replaced may exit after its successor was made.
    void made.exited.then(() => {
      if (this.cell === making) this.cell = null;
    });
    return made;
  }

  private remember(key: string, findings: PythonFinding[]): PythonFinding[] {
    this.cache.set(key, findings);
    if (this.cache.size > MAX_CACHED) this.cache.delete(this.cache.keys().next().value!);
    return findings;
  }
}

interface Waiting {
  code: string;
  resolve: (findings: PythonFinding[]) => void;
  reject: (error: unknown) => void;
}

/** The oldest of the shortest. */
function removeShortest(waiting: Waiting[]): Waiting | undefined {
  const lengths = waiting.map(({ code }) => code.length);
  return waiting.splice(lengths.indexOf(Math.min(...lengths)), 1)[0];
}

const MEMORY_MB = 512;
/** lru-cache would add nothing: which entry goes first hardly matters among hashes of code. */
const MAX_CACHED = 1_000;
const TOO_COMPLEX: PythonFinding = {
  rule: 'too-complex',
  message: 'The code could not be checked: parsing it crashed or took longer than 5 s',
  line: null,
  column: null,
};
