/** The worker of evaluate.ts: evaluates JSONata over a scope that it keeps, and answers with text that is shown. */
import jsonata from 'jsonata';
import type { Answer, Question, Verdict } from './evaluate.ts';

let scope: unknown;

// The page's types know `self` as a window.
const port = self as unknown as Pick<Worker, 'postMessage' | 'onmessage'>;

port.onmessage = ({ data }: MessageEvent<Question>) => {
  if (data.kind === 'scope') scope = data.scope;
  else void answer(data);
};

type Expression = Extract<Question, { kind: 'expression' }>;

async function answer(question: Expression): Promise<void> {
  port.postMessage({ id: question.id } satisfies Answer);
  port.postMessage({ id: question.id, verdict: await judge(question) } satisfies Answer);
}

async function judge({ expression, items }: Expression): Promise<Verdict> {
  try {
    const own = (scope ?? {}) as Record<string, unknown>;
    if (items === undefined) return describe(await evaluateOver(expression, own));
    const list = await evaluateOver(items, { ...own, nodeInput: own.input });
    const item = Array.isArray(list) ? list[0] : list;
    return describe(
      await evaluateOver(expression, { ...own, input: item, item, index: 0, nodeInput: own.input }),
    );
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number };
    return { kind: 'failed', message: message ?? String(error), position: position ?? null };
  }
}

/** The limits are the server's, except for time: a preview that is slow is none. As there, names are variables too. */
function evaluateOver(expression: string, over: Record<string, unknown>): Promise<unknown> {
  return jsonata(expression, { timeout: 1_000, stack: 500, sequence: 1_000_000 }).evaluate(over, over);
}

function describe(value: unknown): Verdict {
  if (value === undefined) return { kind: 'nothing' };
  const text = JSON.stringify(value, withoutFunctions, 2) ?? 'null';
  const isCut = text.length > maxCharacters;
  const size = Array.isArray(value) ? value.length : null;
  return { kind: 'value', text: isCut ? `${text.slice(0, maxCharacters)} …` : text, size };
}

const maxCharacters = 4_000;

function withoutFunctions(_key: string, value: unknown): unknown {
  if (typeof value === 'function') return null;
  if (typeof value !== 'object' || value === null) return value;
  return '_jsonata_lambda' in value || '_jsonata_function' in value ? null : value;
}
