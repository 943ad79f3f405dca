/** What came of an expression. */
export type Verdict =
  /** `text` is JSON for people, cut where it is long; `size` of a list. */
  | { kind: 'value'; text: string; size: number | null }
  /** It found nothing, which is null where a node gives it out. */
  | { kind: 'nothing' }
  | { kind: 'failed'; message: string; position: number | null };

export type Question =
  | { kind: 'scope'; scope: unknown }
  | { kind: 'expression'; id: number; expression: string; items: string | undefined };

/** Of the worker: that it has begun with a question, and then what came of it. */
export interface Answer {
  id: number;
  verdict?: Verdict;
}

/**
 * Evaluates a JSONata expression over a scope, in a worker that all expressions of the page share: it is started with
 * the first one, and ended and started anew where an expression takes longer than it may.
 *
 * @param items an expression whose value is a list: `expression` is evaluated over the first item of it
 */
export function evaluate(expression: string, scope: unknown, items?: string): Promise<Verdict> {
  const waiting = line.then(() => ask(expression, scope, items));
  line = waiting.catch(() => {});
  return waiting;
}

/** One after the other, so that the time that one may take is its own. */
let line: Promise<unknown> = Promise.resolve();
let worker: { port: Worker; scope: unknown } | null = null;
let lastId = 0;

function ask(expression: string, scope: unknown, items: string | undefined): Promise<Verdict> {
  const { port } = workerFor(scope);
  const id = ++lastId;
  return new Promise((resolve) => {
    const settle = (verdict: Verdict, isLost = false) => {
      clearTimeout(timer);
      port.removeEventListener('message', onMessage);
      port.removeEventListener('error', onError);
      if (isLost) {
        port.terminate();
        worker = null;
      }
      resolve(verdict);
    };
    const onMessage = ({ data }: MessageEvent<Answer>) => {
      if (data.id !== id) return;
      if (data.verdict !== undefined) return settle(data.verdict);
      clearTimeout(timer);
      timer = setTimeout(() => settle(failed('it takes too long for a preview'), true), maxMs);
    };
    const onError = () => settle(failed('the preview could not be started in this browser'), true);
    let timer = setTimeout(onError, loadMs);
    port.addEventListener('message', onMessage);
    port.addEventListener('error', onError);
    port.postMessage({ kind: 'expression', id, expression, items } satisfies Question);
  });
}

/** Past JSONata's own limit of a second, for what it cannot interrupt. It counts from when the worker has begun. */
const maxMs = 4_000;
/** Until the worker has begun: the first expression waits until it is loaded. */
const loadMs = 30_000;

function failed(message: string): Verdict {
  return { kind: 'failed', message, position: null };
}

/** The scope may be large: it is sent when it is another one. */
function workerFor(scope: unknown): { port: Worker } {
  worker ??= {
    port: new Worker(new URL('./jsonata-worker.ts', import.meta.url), { type: 'module' }),
    scope: undefined,
  };
  if (worker.scope !== scope) {
    worker.scope = scope;
    worker.port.postMessage({ kind: 'scope', scope } satisfies Question);
  }
  return worker;
}
