import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PythonFinding } from '../backend.ts';
import type { CellFrame } from '../frames.ts';
import type { Cell } from './cell.ts';

/**
 * The static wall: asks a long-lived cell that only ever parses code, and remembers the answers by hash. It is
 * a cell like any other, because parsing hostile text can crash or hang a parser; one that does is replaced.
 * The shortest code that waits is next: it takes milliseconds, and much of the longest would hold it up for minutes.
 */
export class Checker {
  private readonly answers = new Map<string, PythonFinding[]>();
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
    const known = this.answers.get(key);
    if (known) return Promise.resolve(known);
    const { promise, resolve, reject } = Promise.withResolvers<PythonFinding[]>();
    this.waiting.push({ code, resolve, reject });
    void this.askAll();
    return promise.then((findings) => this.remember(key, findings));
  }

  private async askAll(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    for (let next = takeShortest(this.waiting); next !== undefined; next = takeShortest(this.waiting))
      await this.ask(next.code).then(next.resolve, next.reject);
    this.isBusy = false;
  }

  private async ask(code: string): Promise<PythonFinding[]> {
    const cell = await this.current();
    const answer = Promise.withResolvers<Extract<CellFrame, { kind: 'findings' }>>();
    cell.channel.onFrame = (frame) => frame.kind === 'findings' && answer.resolve(frame);
    cell.channel.send({ kind: 'check', code, policy: this.policy, memoryMb: MEMORY_MB });
    const late = new AbortController();
    const timedOut = delay(this.timeoutMs, { kind: 'late' } as const, { signal: late.signal });
    timedOut.catch(() => {}); // it was in time
    const first = await Promise.race([answer.promise, cell.exited, timedOut]);
    late.abort();
    if (first.kind === 'findings') return first.findings;
    if (first.kind === 'lost') return this.ask(code);
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
    // One that was given up may end when its successor is there already.
    void made.exited.then(() => {
      if (this.cell === making) this.cell = null;
    });
    return made;
  }

  private remember(key: string, findings: PythonFinding[]): PythonFinding[] {
    this.answers.set(key, findings);
    if (this.answers.size > MAX_ANSWERS) this.answers.delete(this.answers.keys().next().value!);
    return findings;
  }
}

interface Waiting {
  code: string;
  resolve: (findings: PythonFinding[]) => void;
  reject: (error: unknown) => void;
}

/** Of those that are as short, the one that waits longest. */
function takeShortest(waiting: Waiting[]): Waiting | undefined {
  const lengths = waiting.map(({ code }) => code.length);
  return waiting.splice(lengths.indexOf(Math.min(...lengths)), 1)[0];
}

const MEMORY_MB = 512;
const MAX_ANSWERS = 1_000;
const TOO_COMPLEX: PythonFinding = {
  rule: 'too-complex',
  message: 'The code could not be checked: parsing it crashed or took longer than 5 s',
  line: null,
  column: null,
};
