import type { ExpressionScope } from './definition.ts';

/**
 * Templates: any string of a configuration may hold `{{ JSONata }}`. A string that is one template and nothing
 * else becomes the expression's value, of whatever type; in a longer string each template becomes text.
 */
const TEMPLATE = /\{\{(.*?)\}\}/gs;

export type Evaluate = (expression: string, scope: ExpressionScope) => Promise<unknown>;

export function hasTemplate(value: unknown): value is string {
  return typeof value === 'string' && value.search(TEMPLATE) >= 0;
}

/** The expressions in a string, in order. */
export function expressionsIn(text: string): string[] {
  return [...text.matchAll(TEMPLATE)].map(([, expression]) => expression!.trim());
}

/** Renders every string in `value`, however deep; `except` names top-level fields that are left as they are. */
export async function render(
  value: unknown,
  scope: ExpressionScope,
  evaluate: Evaluate,
  except: ReadonlySet<string> = new Set(),
): Promise<unknown> {
  if (typeof value === 'string') return hasTemplate(value) ? renderText(value, scope, evaluate) : value;
  if (Array.isArray(value)) return Promise.all(value.map((item) => render(item, scope, evaluate)));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(async ([key, field]) => [
    key,
    except.has(key) ? field : await render(field, scope, evaluate),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

async function renderText(text: string, scope: ExpressionScope, evaluate: Evaluate): Promise<unknown> {
  const values = await Promise.all(expressionsIn(text).map((expression) => evaluate(expression, scope)));
  if (text.trim().replace(TEMPLATE, '') === '' && values.length === 1) return values[0];
  let index = 0;
  return text.replace(TEMPLATE, () => toText(values[index++]));
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
