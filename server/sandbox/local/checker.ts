import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { countContainers } from '../../shared/json-size.ts';
import type { PythonCheck, PythonPolicy } from '../backend.ts';
import type { CellFrame } from '../frames.ts';
import type { Cell } from './cell.ts';
import { SandboxProblem } from './problem.ts';

/**
 * The static wall: sends code to long-lived cells that only parse, and caches the findings by the hash of the code.
 * Parsing happens in a cell because hostile text can crash or hang a parser; a cell that crashes or hangs is replaced.
 *
 *   waiting → the quick cell, for code of ordinary length → done within QUICK_MS
 *                                                         → not done: the cell is replaced, the code waits once more
 *           → the slow cell, for long code and for the code that was not done → done within the time-out, or too complex
 *
 * So no code holds up the others for longer than a moment. In each cell the shortest waiting code is checked next: it
 * takes milliseconds, and would wait minutes behind many of the longest.
 */
export class Checker {
  private readonly cache = new Map<string, CodeCheck>();
  private readonly quick: Lane;
  private readonly slow: Lane;

  constructor(
    makeCell: () => Promise<Cell>,
    private readonly request: CheckRequest,
    { quickMs, timeoutMs } = { quickMs: QUICK_MS, timeoutMs: TIMEOUT_MS },
  ) {
    this.quick = new Lane(makeCell, request, quickMs);
    this.slow = new Lane(makeCell, request, timeoutMs);
  }

  /** What an earlier check of the same code found, where that is remembered. */
  known(code: string, web = false): PythonCheck | undefined {
    const found = this.cache.get(keyOf(code, web));
    return found && { ...found, policy: this.request.policy };
  }

  /** @param web see web.ts @throws SandboxProblem where no cell can be made, or too much code waits */
  async check(code: string, web = false): Promise<PythonCheck> {
    const known = this.known(code, web);
    if (known) return known;
    const isLong = code.length > MAX_QUICK_CHARACTERS;
    const found = (isLong ? null : await this.quick.check(code, web)) ?? (await this.slow.check(code, web));
    if (found === null) return { ...TOO_COMPLEX, policy: this.request.policy }; // not remembered: the host may be busy
    this.cache.set(keyOf(code, web), found);
    if (this.cache.size > MAX_CACHED) this.cache.delete(this.cache.keys().next().value!);
    return { ...found, policy: this.request.policy };
  }
}

type CodeCheck = Omit<PythonCheck, 'policy'>;

export interface CheckRequest {
  policy: PythonPolicy;
  allowsScratchWrites: boolean;
  /** Whether what only Python's compiler refuses is found as well; a run finds that by itself. */
  compiles: boolean;
}

function keyOf(code: string, web: boolean): string {
  return `${hash('sha256', code, 'base64')}${web ? ' web' : ''}`;
}

/** A cell that checks one code after the other, with what waits for it. */
class Lane {
  private cell: Promise<Cell> | null = null;
  private readonly waiting: Waiting[] = [];
  private waitingCharacters = 0;
  private isBusy = false;

  constructor(
    private readonly makeCell: () => Promise<Cell>,
    private readonly request: CheckRequest,
    private readonly timeoutMs: number,
  ) {}

  /** Null where the check crashed the cell or took too long. */
  check(code: string, web: boolean): Promise<CodeCheck | null> {
    if (this.waiting.length >= MAX_WAITING || this.waitingCharacters + code.length > MAX_WAITING_CHARACTERS)
      return Promise.reject(tooBusy());
    const { promise, resolve, reject } = Promise.withResolvers<CodeCheck | null>();
    this.waiting.push({ code, web, resolve, reject });
    this.waitingCharacters += code.length;
    void this.checkAll();
    return promise;
  }

  // cannot reject: each check's failure is passed to whoever waits for it
  private async checkAll(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    for (let next = removeShortest(this.waiting); next !== undefined; next = removeShortest(this.waiting)) {
      this.waitingCharacters -= next.code.length;
      await this.checkInCell(next.code, next.web).then(next.resolve, next.reject);
    }
    this.isBusy = false;
  }

  private async checkInCell(code: string, web: boolean): Promise<CodeCheck | null> {
    const cell = await this.current();
    const findings = Promise.withResolvers<Extract<CellFrame, { kind: 'findings' }>>();
    cell.channel.onFrame = (frame) => frame.kind === 'findings' && findings.resolve(frame);
    cell.channel.send({ kind: 'check', code, web, ...this.request, memoryMb: MEMORY_MB });
    const late = new AbortController();
    const timedOut = delay(this.timeoutMs, { kind: 'late' } as const, { signal: late.signal });
    timedOut.catch(() => {}); // rejects when `late` aborts
    const first = await Promise.race([findings.promise, cell.exited, timedOut]);
    late.abort();
    if (first.kind === 'findings') {
      const { findings, shape, inputSchema, imports } = first;
      return { findings, shape, inputSchema: parseSchema(inputSchema), imports };
    }
    if (first.kind === 'lost') return this.checkInCell(code, web);
    cell.end(0);
    this.cell = null;
    return null;
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
}

interface Waiting {
  code: string;
  web: boolean;
  resolve: (found: CodeCheck | null) => void;
  reject: (error: unknown) => void;
}

/** The oldest of the shortest. */
function removeShortest(waiting: Waiting[]): Waiting | undefined {
  const lengths = waiting.map(({ code }) => code.length);
  return waiting.splice(lengths.indexOf(Math.min(...lengths)), 1)[0];
}

/** Code of this length is checked within a tenth of a second, whatever it says. */
const MAX_QUICK_CHARACTERS = 32 * 1024;
/** Longer than that, for a busy host. */
const QUICK_MS = 500;
const TIMEOUT_MS = 5_000;
const MAX_WAITING = 1_000;
const MAX_WAITING_CHARACTERS = 64_000_000;
const MEMORY_MB = 512;
/** lru-cache would add nothing: which entry goes first hardly matters among hashes of code. */
const MAX_CACHED = 1_000;
const TOO_COMPLEX: CodeCheck = {
  findings: [
    {
      rule: 'too-complex',
      message: 'The code could not be checked: parsing it crashed or took longer than 5 s',
      line: null,
      column: null,
    },
  ],
  shape: null,
  inputSchema: null,
  imports: [],
};

/** From a cell, so it may be anything: an object of bounded size, or nothing. */
function parseSchema(json: string | null): unknown {
  if (json === null || countContainers(json, MAX_SCHEMA_CONTAINERS) > MAX_SCHEMA_CONTAINERS) return null;
  try {
    const schema: unknown = JSON.parse(json);
    return typeof schema === 'object' && !Array.isArray(schema) ? schema : null;
  } catch {
    return null;
  }
}

const MAX_SCHEMA_CONTAINERS = 5_000;

function tooBusy(): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_SERVICE_ERROR',
    `Expected at most ${MAX_WAITING} checks of code to wait, and ${MAX_WAITING_CHARACTERS} characters of code, got more`,
    'Try again later, or send less at once.',
  );
}
