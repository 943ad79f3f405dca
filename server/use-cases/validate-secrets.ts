import type { Analysis } from '../expressions/analyze-expression.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { secretNamed, secretsOf } from '../nodes/secrets.ts';
import type { UserError } from './types.ts';
import { placeOf } from './validate-config.ts';
import type { PlacedExpression } from './validate-expressions.ts';

/** Errors of expressions that name a secret where its value would be stored, or would become another that no one masks. */
export function secretErrors(
  placed: readonly PlacedExpression[],
  analyses: ReadonlyMap<string, Analysis>,
): UserError[] {
  return placed.flatMap(({ field, expression, seesSecrets = false }) => {
    const namesOne = analyses.get(expression)!.references.some(([root]) => root === 'secrets');
    if (!namesOne || (seesSecrets && secretNamed(expression) !== null)) return [];
    const message = seesSecrets
      ? 'Expected `{{ secrets.NAME }}`, with a name such as API_KEY and nothing else between the braces: what is computed of a secret could not be masked. Text may stand around the braces.'
      : 'A secret cannot be used here, as its value would be stored. Use it as `{{ secrets.NAME }}` in the URL, query, headers, auth or body of an http node, or name it in `secrets` of a python node.';
    return [{ code: 'SECRET_NOT_ALLOWED', field, message }];
  });
}

/** Warnings of names that no secret has yet. @param namesIn those of these that there are */
export async function unknownSecrets(
  draft: WorkflowDraft,
  registry: NodeRegistry,
  namesIn: (names: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<UserError[]> {
  const used = draft.nodes.flatMap(({ type, config }, index) => {
    const definition = registry.get(type);
    const secrets = definition === undefined ? [] : secretsOf(definition, config);
    return secrets.map(({ name, path }) => ({ name, field: placeOf(`nodes.${index}.config`, path) }));
  });
  if (used.length === 0) return [];
  const known = await namesIn([...new Set(used.map(({ name }) => name))]);
  return used
    .filter(({ name }) => !known.has(name))
    .map(({ name, field }) => ({
      level: 'WARNING' as const,
      code: 'UNKNOWN_SECRET',
      field,
      message: `There is no secret ${name.slice(0, 100)} yet. Set it before this runs, by \`secretSet\` or on the page Access of the console.`,
    }));
}
