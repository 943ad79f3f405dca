import type { Evaluator } from '../expressions/evaluator.ts';
import { EvaluationError } from '../expressions/limits.ts';
import type { Debounce, WhenFull, WorkflowDraft } from '../nodes/draft.ts';
import { describeValue } from '../shared/describe-value.ts';
import { refuse } from './refuse.ts';
import type { Outcome } from './types.ts';

/** The limits that one execution passes, with the JSON text of its keys. */
export interface OwnLimits {
  debounce: (Pick<Debounce, 'waitMs' | 'maxWaitMs'> & { key: string }) | null;
  concurrency: { key: string; max: number; whenFull: WhenFull } | null;
  rate: { key: string } | null;
}

/** What is kept of a key. */
const MAX_KEY_LENGTH = 200;

/** The keys of an execution with this input; null where its workflow has no limits. */
export async function limitsOf(
  evaluator: Evaluator,
  workflowId: string,
  { debounce, concurrency, rate }: Pick<WorkflowDraft, 'debounce' | 'concurrency' | 'rate'>,
  input: unknown,
): Promise<Outcome<OwnLimits | null>> {
  const all = Object.entries({ debounce, concurrency, rate }).filter(([, limit]) => limit !== null);
  if (all.length === 0) return { ok: true, value: null };
  const keyed = all.filter(([, limit]) => limit!.key !== null);
  const expressions = keyed.map(([, limit]) => limit!.key!);
  const keys = new Map(all.map(([name]) => [name, 'null']));
  try {
    const values = expressions.length === 0 ? [] : await evaluateAll(expressions);
    for (const [index, [name]] of keyed.entries()) {
      const value = values[index] ?? null;
      const text = JSON.stringify(value);
      if (typeof value === 'object' && value !== null) return refuseKey(name, describeValue(value));
      if (text.length > MAX_KEY_LENGTH) return refuseKey(name, `a text of ${text.length} characters`);
      keys.set(name, text);
    }
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    const name = keyed[error.index]?.[0] ?? keyed[0]![0];
    return refuse('INVALID_LIMIT_KEY', 'input', `\`${name}.key\` of the workflow failed: ${error.message}.`);
  }
  return {
    ok: true,
    value: {
      debounce: debounce && { ...debounce, key: keys.get('debounce')! },
      concurrency: concurrency && { ...concurrency, key: keys.get('concurrency')! },
      rate: rate && { key: keys.get('rate')! },
    },
  };

  async function evaluateAll(texts: readonly string[]): Promise<unknown[]> {
    const by = { owner: workflowId, signal: new AbortController().signal };
    return (await evaluator.evaluate(texts, { input: input ?? null }, by)).map(({ value }) => value);
  }
}

function refuseKey(name: string, got: string) {
  const message = `Expected \`${name}.key\` of the workflow to give a text of at most ${MAX_KEY_LENGTH} characters, a number or a boolean of this input, got ${got}.`;
  return refuse('INVALID_LIMIT_KEY', 'input', message);
}
