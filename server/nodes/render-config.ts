import { schemaProblems } from './config-problems.ts';
import { type ExpressionScope, type NodeDefinition, NodeFailure } from './definition.ts';
import { untemplatedFields } from './describe.ts';
import type { OpenSecrets } from './secret-source.ts';
import { secretAt } from './secrets.ts';
import { type EvaluateAll, type MissingReference, render } from './template.ts';

const MAX_PROBLEMS_IN_MESSAGE = 5;

/**
 * A node's configuration with its templates filled in. `reportMissing` receives the templates that are paths to
 * something undefined, before the configuration is checked. @throws NodeFailure INVALID_CONFIG, EXPRESSION_ERROR
 */
export async function renderConfig(
  { key, definition, config }: { key: string; definition: NodeDefinition; config: unknown },
  scope: ExpressionScope,
  evaluateAll: EvaluateAll,
  reportMissing: (missing: MissingReference[]) => Promise<void>,
  secrets: OpenSecrets['values'] = {},
): Promise<unknown> {
  const missing: MissingReference[] = [];
  const rendered = await render(config ?? {}, scope, evaluateAll, {
    except: untemplatedFields(definition),
    known: (expression, path) => secretAt(definition, expression, path, secrets),
    onMissing: (found) => missing.push(found),
  });
  await reportMissing(missing);
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
