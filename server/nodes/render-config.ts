import { schemaProblems } from './config-problems.ts';
import { type ExpressionScope, type NodeDefinition, NodeFailure } from './definition.ts';
import { untemplatedFields } from './describe.ts';
import { type EvaluateAll, render } from './template.ts';

const MAX_PROBLEMS_IN_MESSAGE = 5;

/** A node's configuration with its templates filled in. @throws NodeFailure INVALID_CONFIG, EXPRESSION_ERROR */
export async function renderConfig(
  { key, definition, config }: { key: string; definition: NodeDefinition; config: unknown },
  scope: ExpressionScope,
  evaluateAll: EvaluateAll,
): Promise<unknown> {
  const rendered = await render(config ?? {}, scope, evaluateAll, untemplatedFields(definition));
  const parsed = definition.config.safeParse(rendered);
  if (parsed.success) return parsed.data;
  const problems = schemaProblems(definition, rendered)
    .slice(0, MAX_PROBLEMS_IN_MESSAGE)
    .map(({ path, message }) => `\`config.${path.join('.')}\`: ${message}`);
  throw new NodeFailure({
    code: 'INVALID_CONFIG',
    message: `The configuration of node \`${key}\` does not fit its schema once its templates are filled in. ${problems.join(' ')}`,
  });
}
