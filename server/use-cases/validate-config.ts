import { MAX_PROBLEMS, schemaProblems, valueAt } from '../nodes/config-problems.ts';
import type { ConfigExpression, ConfigProblem, NodeDefinition } from '../nodes/definition.ts';
import { secretFields, untemplatedFields } from '../nodes/describe.ts';
import { expressionsIn, hasTemplate, isUnclosed, templatedTexts } from '../nodes/template.ts';
import type { UserError } from './types.ts';
import type { PlacedExpression } from './validate-expressions.ts';

type Path = ConfigProblem['path'];

/** What is wrong with a node's configuration, each at its path below `field`; the first 20 where it is more. */
export function validateConfig(definition: NodeDefinition, config: unknown, field: string): UserError[] {
  const value = config ?? {};
  const untemplated = untemplatedFields(definition);
  const mayBeTemplate = ([name]: Path) => name !== undefined && !untemplated.has(String(name));
  return [
    ...toUserErrors(
      schemaProblems(definition, value, (path) => mayBeTemplate(path) && hasTemplate(valueAt(value, path))),
      field,
    ),
    ...templateProblems(definition, value, field),
    ...toUserErrors(definition.validate?.(validFields(definition, value)) ?? [], field),
  ].slice(0, MAX_PROBLEMS);
}

export function toUserErrors(problems: readonly ConfigProblem[], field: string): UserError[] {
  return problems.map(({ path, code, message }) => ({ code, field: placeOf(field, path), message }));
}

export function placeOf(field: string, path: Path): string {
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

/** The expressions of a configuration, and where they stand: in templates, and what is one without. */
export function expressionsOf(
  definition: NodeDefinition,
  { key: nodeKey, config }: { key: string; config: unknown },
  field: string,
): PlacedExpression[] {
  const value = config ?? {};
  const own = definition.expressions?.(validFields(definition, value)) ?? [];
  const templates = textsOf(definition, value).flatMap(({ path, text }) =>
    expressionsIn(text).map((expression): ConfigExpression => ({ path, expression })),
  );
  return [...own, ...templates].map(({ path, expression, sees = [] }) => ({
    field: placeOf(field, path),
    expression,
    nodeKey,
    seesItem: true,
    sees,
    seesSecrets: secretFields(definition).templates.has(String(path[0])),
  }));
}

const MAX_TEMPLATES = 1_000;

function templateProblems(definition: NodeDefinition, config: unknown, field: string): UserError[] {
  const texts = textsOf(definition, config);
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

function textsOf(definition: NodeDefinition, config: unknown): { path: Path; text: string }[] {
  const untemplated = untemplatedFields(definition);
  return Object.entries(config as object).flatMap(([name, field]) =>
    untemplated.has(name) ? [] : templatedTexts(field, [name]),
  );
}
