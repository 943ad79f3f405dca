import type { z } from 'zod';
import type { NodeDefinition } from '../nodes/definition.ts';
import { describeNode, untemplatedFields } from '../nodes/describe.ts';
import { expressionsIn, hasTemplate, isUnclosed } from '../nodes/template.ts';
import type { UserError } from './types.ts';
import type { PlacedExpression } from './validate-expressions.ts';

type Path = readonly PropertyKey[];

const MAX_TOLD = 20;

/** What is wrong with a node's configuration, each at its path below `field`; the first 20 where it is more. */
export function validateConfig(definition: NodeDefinition, config: unknown, field: string): UserError[] {
  const value = config ?? {};
  const at = (path: Path) => placeOf(field, path);
  const issues = definition.config.safeParse(value).error?.issues ?? [];
  const untemplated = untemplatedFields(definition);
  const schemaErrors = issues.filter(
    ({ path }) => path.length === 0 || untemplated.has(String(path[0])) || !hasTemplate(valueAt(value, path)),
  );
  return [
    ...schemaErrors.slice(0, MAX_TOLD).flatMap((issue) => toUserErrors(issue, value, at, definition)),
    ...templateProblems(definition, value, field),
    ...(definition.validate?.(validFields(definition, value)) ?? []).map(({ path, code, message }) => ({
      code,
      field: at(path),
      message,
    })),
  ].slice(0, MAX_TOLD);
}

function placeOf(field: string, path: Path): string {
  return [field, ...path.map(String)].join('.');
}

/** The fields that nothing is wrong with, so that a mistake in one does not hide those in the others. */
export function validFields(definition: NodeDefinition, config: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(definition.config.shape).flatMap(([name, schema]) => {
      const parsed = schema.safeParse((config as Record<string, unknown>)[name]);
      return parsed.success ? [[name, parsed.data]] : [];
    }),
  );
}

function toUserErrors(
  issue: z.core.$ZodIssue,
  config: unknown,
  at: (path: Path) => string,
  definition: NodeDefinition,
): UserError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'UNKNOWN_FIELD',
      field: at([...issue.path, key]),
      message: `There is no field \`${key}\` here. Remove it or mend its name.`,
    }));
  }
  const got = valueAt(config, issue.path);
  const name = String(issue.path.at(-1) ?? 'config');
  return [
    {
      code: got === undefined ? 'REQUIRED' : 'INVALID',
      field: at(issue.path),
      message:
        got === undefined
          ? `\`${name}\` is required.`
          : `${integerRange(definition, issue.path) ?? expectation(issue, name)}, got ${abbreviate(got)}.`,
    },
  ];
}

/** A whole number's bounds are told together, whichever of them was missed. */
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

function abbreviate(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
}

/** The expressions of a configuration, and where they stand: in templates, and what is one without. */
export function expressionsOf(
  definition: NodeDefinition,
  { key: nodeKey, config }: { key: string; config: unknown },
  field: string,
): PlacedExpression[] {
  const value = config ?? {};
  const own = definition.expressions?.(validFields(definition, value)) ?? [];
  const templates = templatedTexts(definition, value).flatMap(({ path, text }) =>
    expressionsIn(text).map((expression) => ({ path, expression })),
  );
  return [...own, ...templates].map(({ path, expression }) => ({
    field: placeOf(field, path),
    expression,
    nodeKey,
  }));
}

const MAX_TEMPLATES = 1_000;

function templateProblems(definition: NodeDefinition, config: unknown, field: string): UserError[] {
  const texts = templatedTexts(definition, config);
  const templates = texts.reduce((sum, { text }) => sum + expressionsIn(text).length, 0);
  if (templates > MAX_TEMPLATES) {
    const message = `Expected a configuration with at most ${MAX_TEMPLATES} templates, got ${templates}.`;
    return [{ code: 'TOO_LARGE', field, message }];
  }
  return texts
    .filter(({ text }) => isUnclosed(text))
    .map(({ path }) => ({
      code: 'INVALID_EXPRESSION',
      field: placeOf(field, path),
      message: 'A template begins with {{ here and does not end with }}.',
    }));
}

function templatedTexts(definition: NodeDefinition, config: unknown): { path: Path; text: string }[] {
  const untemplated = untemplatedFields(definition);
  const found: { path: Path; text: string }[] = [];
  for (const [name, field] of Object.entries(config as object))
    if (!untemplated.has(name)) findTexts(field, [name], found);
  return found;
}

/** Most texts are no templates, and are passed over before anything is made of them: there may be millions. */
function findTexts(value: unknown, path: PropertyKey[], found: { path: Path; text: string }[]): void {
  if (typeof value === 'string') {
    if (value.includes('{{')) found.push({ path: [...path], text: value });
  } else if (value !== null && typeof value === 'object') {
    for (const [key, field] of Object.entries(value)) {
      path.push(key);
      findTexts(field, path, found);
      path.pop();
    }
  }
}
