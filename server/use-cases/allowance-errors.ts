import { type Allowance, MAX_COST_PER_MINUTE, MAX_RUNNING } from '../shared/allowance.ts';
import type { UserError } from './types.ts';

/** @param minCost the least that `costPerMinute` may be */
export function allowanceErrors(
  { costPerMinute, maxRunningExecutions }: Partial<Allowance>,
  minCost = 1,
): UserError[] {
  return [
    ...rangeErrors('costPerMinute', costPerMinute, minCost, MAX_COST_PER_MINUTE),
    ...rangeErrors('maxRunningExecutions', maxRunningExecutions, 1, MAX_RUNNING),
  ];
}

export function rangeErrors(
  field: string,
  value: number | null | undefined,
  min: number,
  max: number,
): UserError[] {
  if (value == null || (value >= min && value <= max && Number.isInteger(value))) return [];
  const message = `Expected \`${field}\` to be an integer from ${min} to ${max}, or null, got ${value}.`;
  return [{ code: 'INVALID', field, message }];
}
