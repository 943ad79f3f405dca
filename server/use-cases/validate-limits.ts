import type { Analysis } from '../expressions/analyze-expression.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import { MAX_PRIORITY } from '../nodes/limits.ts';
import type { UserError } from './types.ts';

const MAX_COUNT = 10_000;
const MIN_TIME_MS = 1_000;
const MAX_PER_MS = 31 * 24 * 60 * 60 * 1_000;
const MAX_DEBOUNCE_MS = 24 * 60 * 60 * 1_000;

type Limits = Pick<WorkflowDraft, 'concurrency' | 'rate' | 'debounce' | 'priority'>;
type Keyed = Pick<WorkflowDraft, 'concurrency' | 'rate' | 'debounce' | 'labels'>;

/** What is wrong with the numbers of a workflow's limits. Their keys are checked as expressions. */
export function checkLimits({ concurrency, rate, debounce, priority }: Limits): UserError[] {
  return [
    ...(concurrency === null ? [] : whole('concurrency.max', concurrency.max, 1, MAX_COUNT)),
    ...(rate === null ? [] : whole('rate.max', rate.max, 1, MAX_COUNT)),
    ...(rate === null ? [] : whole('rate.perMs', rate.perMs, MIN_TIME_MS, MAX_PER_MS)),
    ...(debounce === null ? [] : whole('debounce.waitMs', debounce.waitMs, MIN_TIME_MS, MAX_DEBOUNCE_MS)),
    ...(debounce?.maxWaitMs == null
      ? []
      : whole('debounce.maxWaitMs', debounce.maxWaitMs, debounce.waitMs, MAX_PER_MS)),
    ...checkPriority(priority),
  ];
}

/** Of a workflow, or of one execution. */
export function checkPriority(priority: number | null): UserError[] {
  return priority === null ? [] : whole('priority', priority, 1, MAX_PRIORITY);
}

function whole(field: string, value: number, min: number, max: number): UserError[] {
  if (Number.isInteger(value) && value >= min && value <= max) return [];
  const message = `Expected \`${field}\` to be an integer from ${min} to ${max}, got ${value}.`;
  return [{ code: 'INVALID', field, message }];
}

/** What is computed before an execution starts, with the fields that it stands in: the keys of limits, and labels. */
export function startExpressions({ concurrency, rate, debounce, labels }: Keyed): StartExpression[] {
  const keys = Object.entries({ concurrency, rate, debounce }).flatMap(([name, limit]) =>
    limit?.key == null ? [] : [{ field: `${name}.key`, expression: limit.key }],
  );
  return labels === null ? keys : [...keys, { field: 'labels', expression: labels }];
}

export interface StartExpression {
  field: string;
  expression: string;
}

/** Of those that do not parse, and of those that read something else than `input`, which would be nothing. */
export function startExpressionErrors(
  expressions: readonly StartExpression[],
  analyses: ReadonlyMap<string, Analysis>,
): UserError[] {
  return expressions.flatMap(({ field, expression }) => {
    const { problem, references, shape } = analyses.get(expression)!;
    if (problem !== null) return [{ code: 'INVALID_EXPRESSION', field, message: problem }];
    if (field === 'labels' && shape?.kind === 'scalar' && shape.type !== 'null')
      return [{ code: 'INVALID_LABELS', field, message: `Expected an object, got a ${shape.type}.` }];
    const names = new Set(references.map(([name]) => name).filter((name) => name !== 'input'));
    if (names.has('secrets'))
      return [
        {
          code: 'SECRET_NOT_ALLOWED',
          field,
          message: 'A secret cannot be used here, as what is computed is stored.',
        },
      ];
    return [...names].map((name) => ({
      code: 'UNKNOWN_REFERENCE',
      field,
      message: `\`${name}\` is nothing here: this is computed before the execution starts, from \`input\` alone. Is \`input.${name}\` meant?`,
    }));
  });
}
