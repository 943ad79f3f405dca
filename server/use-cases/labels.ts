import type { Evaluator } from '../expressions/evaluator.ts';
import { EvaluationError } from '../expressions/limits.ts';
import { describeValue } from '../shared/describe-value.ts';
import { UNSTORABLE } from '../shared/unstorable.ts';
import { refuse } from './refuse.ts';
import type { Outcome, UserError } from './types.ts';

/** What executions are found by, such as `{ customer: "42" }`. */
export type Labels = Readonly<Record<string, string>>;

const MAX_LABELS = 20;
const MAX_VALUE_LENGTH = 200;
/** Readable in addresses; no name of JavaScript's own begins so. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;

/**
 * @param field the field of the request that they stand in
 * @param made how many of them the workflow makes, which whoever starts it does not see
 */
export function labelErrors(labels: Labels, field: string, made = 0): UserError[] {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) {
    const ofWorkflow = made === 0 ? '' : ` The workflow's own \`labels\` make ${made} of them.`;
    return [invalid(field, `Expected at most ${MAX_LABELS} labels, got ${entries.length}.${ofWorkflow}`)];
  }
  return entries.flatMap(([name, value]) => {
    if (!NAME.test(name))
      return invalid(
        field,
        `Expected a label to have a name of 1 to 63 letters, digits and \`._/-\`, which begins with one of the former, got ${JSON.stringify(name.slice(0, 100))}.`,
      );
    const problem =
      value.length > MAX_VALUE_LENGTH
        ? `at most ${MAX_VALUE_LENGTH} characters, got ${value.length}`
        : UNSTORABLE.test(value)
          ? 'a text without NUL characters and without halves of surrogate pairs, got one with them'
          : null;
    return problem === null
      ? []
      : invalid(`${field}.${name}`, `Expected the label ${name} to be ${problem}.`);
  });
}

/**
 * The labels of a new execution: those that its workflow makes of the input, and over them those of its start. Null where
 * there are none.
 */
export async function labelsOf(
  evaluator: Evaluator,
  { owner, expression }: { owner: string; expression: string | null },
  input: unknown,
  given: Labels | null,
): Promise<Outcome<Labels | null>> {
  const computed = expression === null ? null : await compute(evaluator, owner, expression, input);
  if (computed !== null && !computed.ok) return computed;
  const labels = { ...computed?.value, ...given };
  const userErrors = labelErrors(labels, 'labels', Object.keys(computed?.value ?? {}).length);
  if (userErrors.length > 0) return { ok: false, userErrors };
  return { ok: true, value: Object.keys(labels).length === 0 ? null : labels };
}

async function compute(
  evaluator: Evaluator,
  owner: string,
  expression: string,
  input: unknown,
): Promise<Outcome<Labels>> {
  try {
    const by = { owner, signal: new AbortController().signal };
    const [evaluation] = await evaluator.evaluate([expression], { input: input ?? null }, by);
    return toLabels(evaluation?.value ?? {});
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return refuse('INVALID_LABELS', 'input', `\`labels\` of the workflow failed: ${error.message}.`);
  }
}

function toLabels(value: unknown): Outcome<Labels> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuseValue('an object', value);
  const labels: Record<string, string> = {};
  for (const [name, each] of Object.entries(value)) {
    if (each === null || each === undefined) continue;
    if (typeof each === 'object') return refuseValue(`texts, numbers and booleans, at \`${name}\``, each);
    labels[name] = String(each);
  }
  return { ok: true, value: labels };
}

function refuseValue(expected: string, got: unknown) {
  return refuse(
    'INVALID_LABELS',
    'input',
    `Expected \`labels\` of the workflow to give ${expected} of this input, got ${describeValue(got)}.`,
  );
}

function invalid(field: string, message: string): UserError {
  return { code: 'INVALID_LABELS', field, message };
}
