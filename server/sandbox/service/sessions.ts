import type { PythonSession, SandboxBackend } from '../backend.ts';

interface Kept {
  session: PythonSession;
  isBusy: boolean;
  forgetting: NodeJS.Timeout | undefined;
}

/** A session holds no cell for so long (local/session.ts); what is kept then is a name. */
const KEPT_MS = 10_000;
const MAX_KEPT = 1_000;

/**
 * The sessions of clients, by the ids that they chose. A run of a session that is not known here, or is busy, is as good
 * in a cell of its own.
 */
export class Sessions {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly backend: SandboxBackend) {}

  /** What runs the next run of this session. */
  lend(asked: { id: string; maxRuns: number } | undefined): Pick<PythonSession, 'run'> & Disposable {
    const found = asked && (this.kept.get(asked.id) ?? this.keep(asked));
    if (!found || found.isBusy)
      return { run: (request, options) => this.backend.run(request, options), [Symbol.dispose]() {} };
    found.isBusy = true;
    clearTimeout(found.forgetting);
    return {
      run: (request, options) => found.session.run(request, options),
      [Symbol.dispose]: () => {
        found.isBusy = false;
        found.forgetting = setTimeout(() => this.forget(asked!.id, found), KEPT_MS).unref();
      },
    };
  }

  private keep({ id, maxRuns }: { id: string; maxRuns: number }): Kept | undefined {
    if (this.kept.size >= MAX_KEPT) return undefined;
    const made = { session: this.backend.session(maxRuns), isBusy: false, forgetting: undefined };
    this.kept.set(id, made);
    return made;
  }

  private forget(id: string, { session }: Kept): void {
    this.kept.delete(id);
    session[Symbol.dispose]();
  }
}
