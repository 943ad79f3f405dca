import type { WorkflowDraft } from '../nodes/draft.ts';
import type { UserError } from './types.ts';

export const MAX_DAYS = 36_500;
/** An hour. */
export const MIN_DAYS = 1 / 24;
export const MAX_KEPT = 10_000_000;

/** What is wrong with what a workflow says of how long its executions are kept. */
export function checkRetention({ retention }: Pick<WorkflowDraft, 'retention'>): UserError[] {
  return Object.entries(retention ?? {}).flatMap(([status, rule]) => {
    if (rule === null) return [];
    const { days, count } = rule;
    const field = `retention.${status}`;
    if (days === null && count === null)
      return [
        invalid(
          field,
          `Expected \`${field}\` to have \`days\` or \`count\`, got neither. Leave it out for what the server's settings say.`,
        ),
      ];
    return [
      ...within(`${field}.days`, days, MIN_DAYS, MAX_DAYS),
      ...within(`${field}.count`, count, 1, MAX_KEPT),
    ];
  });
}

function within(field: string, value: number | null, min: number, max: number): UserError[] {
  if (value === null || (value >= min && value <= max)) return [];
  const least = min === MIN_DAYS ? 'an hour (1/24)' : min;
  return [invalid(field, `Expected \`${field}\` to be from ${least} to ${max}, got ${value}.`)];
}

function invalid(field: string, message: string): UserError {
  return { code: 'INVALID', field, message };
}
