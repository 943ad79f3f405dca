import type { ExpressionScope, NodeDefinition, WatchedEvent } from './definition.ts';
import type { Expressions } from './expressions.ts';
import { MAX_NOTICES, reportedNotices } from './notices.ts';
import { renderConfig } from './render-config.ts';
import type { OpenSecrets } from './secret-source.ts';
import type { MissingReference } from './template.ts';

const MAX_FIELD_CHARACTERS = 200;
const MAX_TEXT_CHARACTERS = 120;

/**
 * The expressions of one attempt at a node. A template or an expression field that is a path and nothing else, and is
 * undefined, becomes a NodeNotice: once for each field, at most twenty for a node, however many items and attempts it
 * has. Any longer expression may be undefined on purpose. `execution` is one object for the whole run.
 */
export function makeAttemptExpressions(deps: {
  node: { key: string; definition: NodeDefinition; config: unknown };
  execution: object;
  expressions: Expressions;
  signal: AbortSignal;
  emit: (notice: WatchedEvent) => Promise<void>;
}) {
  const { node, execution, expressions, signal, emit } = deps;
  return {
    renderConfig: (scope: ExpressionScope, secrets?: OpenSecrets['values']): Promise<unknown> =>
      renderConfig(
        node,
        scope,
        (all, within, onMissing) => expressions.evaluateAll(all, within, signal, onMissing),
        emitNotices,
        secrets,
      ),

    /** An expression that a node makes of its fields, such as that of a condition, has no notice. */
    async evaluate(config: unknown, expression: string, scope: ExpressionScope): Promise<unknown> {
      const missing: MissingReference[] = [];
      const value = await expressions.evaluate(expression, scope, signal, ({ text, reason }) => {
        const path = fieldOf(node.definition, config, text);
        if (path !== undefined) missing.push({ path, text, reason });
      });
      await emitNotices(missing);
      return value;
    },
  };

  async function emitNotices(missing: readonly MissingReference[]): Promise<void> {
    const reported = reportedNotices(execution, node.key);
    for (const { path, text, reason } of missing) {
      const field = cut(['config', ...path].join('.'), MAX_FIELD_CHARACTERS);
      if (reported.has(field) || reported.size >= MAX_NOTICES) continue;
      reported.add(field);
      const reference = cut(text, MAX_TEXT_CHARACTERS);
      const message = `Node \`${node.key}\`, \`${field}\`: \`${reference}\` is undefined; ${reason}`;
      await emit({ type: 'NodeNotice', code: 'UNDEFINED_REFERENCE', message });
    }
  }
}

function fieldOf(
  definition: NodeDefinition,
  config: unknown,
  text: string,
): MissingReference['path'] | undefined {
  const fields = definition.expressions?.(config as object) ?? [];
  // One that sees more than the scope asks whether there is any more, and may well find nothing.
  return fields.find(({ expression, sees = [] }) => expression === text && sees.length === 0)?.path;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
