import type { z } from 'zod';
import { describeValue } from '../shared/describe-value.ts';
import type { ConfigProblem, NodeDefinition } from './definition.ts';
import { describeNode } from './describe.ts';

type Path = ConfigProblem['path'];

export const MAX_PROBLEMS = 20;

/**
 * Where a configuration does not fit its schema: what was expected there and what came, the first 20 places.
 * `isLeftOut` leaves out places whose value is not known yet, such as those with a template.
 */
export function schemaProblems(
  definition: NodeDefinition,
  config: unknown,
  isLeftOut: (path: Path) => boolean = () => false,
): ConfigProblem[] {
  const issues = definition.config.safeParse(config).error?.issues ?? [];
  return issues
    .filter(({ path }) => !isLeftOut(path as Path))
    .slice(0, MAX_PROBLEMS)
    .flatMap((issue) => toProblems(issue, config, definition));
}

function toProblems(issue: z.core.$ZodIssue, config: unknown, definition: NodeDefinition): ConfigProblem[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      code: 'UNKNOWN_FIELD',
      message: `There is no field \`${key}\` here. Remove it or correct its name.`,
    }));
  }
  const value = valueAt(config, path);
  const name = String(path.at(-1) ?? 'config');
  if (value === undefined)
    return [{ path, code: 'REQUIRED', message: `${titleOf(definition, path) ?? `\`${name}\``} is needed.` }];
  const expected = integerRange(definition, path) ?? expectation(issue, name);
  return [{ path, code: 'INVALID', message: `${expected}, got ${describeValue(value)}.` }];
}

/** What the form of the node calls the field. */
function titleOf(definition: NodeDefinition, path: Path): string | null {
  if (path.length !== 1) return null;
  return describeNode(definition).fields.find(({ name }) => name === path[0])?.label ?? null;
}

/** The message names both bounds of an integer, whichever of them the value missed. */
function integerRange(definition: NodeDefinition, path: Path): string | null {
  if (path.length !== 1) return null;
  const field = describeNode(definition).fields.find(({ name }) => name === path[0]);
  if (field?.type !== 'integer' || field.min === null || field.max === null) return null;
  return `Expected \`${field.name}\` to be an integer from ${field.min} to ${field.max}`;
}

function expectation(issue: z.core.$ZodIssue, name: string): string {
  switch (issue.code) {
    case 'too_small':
      return `Expected \`${name}\` to be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `Expected \`${name}\` to be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_type':
      return `Expected \`${name}\` to be ${issue.expected === 'int' ? 'an integer' : `of type ${issue.expected}`}`;
    default:
      return `\`${name}\`: ${issue.message}`;
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
}
