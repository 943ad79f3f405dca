import type { ConfigProblem, NodeDefinition } from './definition.ts';
import { secretFields } from './describe.ts';
import type { OpenSecrets } from './secret-source.ts';
import { expressionsIn, templatedTexts } from './template.ts';

export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,99}$/;
/** Of one node. */
export const MAX_NODE_SECRETS = 50;

type Path = ConfigProblem['path'];

/** The name in `{{ secrets.NAME }}`; null for any other expression. */
export function secretNamed(expression: string): string | null {
  const [root, name = '', ...more] = expression.split('.');
  return root === 'secrets' && more.length === 0 && SECRET_NAME.test(name) ? name : null;
}

/** The value of a template that names a secret where it may; undefined for any other. */
export function secretAt(
  definition: NodeDefinition,
  expression: string,
  [field]: Path,
  values: OpenSecrets['values'],
): string | undefined {
  const name = secretNamed(expression);
  return name !== null && secretFields(definition).templates.has(String(field)) ? values[name] : undefined;
}

/** The names of the secrets that a node uses, each with its place in the configuration. */
export function secretsOf(definition: NodeDefinition, config: unknown): { name: string; path: Path }[] {
  const fields = (config ?? {}) as Record<string, unknown>;
  const { templates, names } = secretFields(definition);
  const inTemplates = [...templates].flatMap((field) =>
    templatedTexts(fields[field], [field]).flatMap(({ text, path }) =>
      expressionsIn(text).flatMap((expression) => {
        const name = secretNamed(expression);
        return name === null ? [] : [{ name, path }];
      }),
    ),
  );
  const listed = [...names].flatMap((field) => {
    const list = fields[field];
    return Array.isArray(list)
      ? list.map((name, index) => ({ name: String(name), path: [field, index] }))
      : [];
  });
  return [...inTemplates, ...listed];
}
