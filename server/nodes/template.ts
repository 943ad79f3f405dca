import type { ExpressionScope } from './definition.ts';

/**
 * Templates: any string of a configuration may hold `{{ JSONata }}`. A string that is one template and nothing
 * else becomes the expression's value, of whatever type; in a longer string each template becomes text.
 */
export type EvaluateAll = (expressions: readonly string[], scope: ExpressionScope) => Promise<unknown[]>;

export function hasTemplate(value: unknown): value is string {
  return typeof value === 'string' && templatesIn(value).length > 0;
}

/** The expressions in a string, in order. */
export function expressionsIn(text: string): string[] {
  return templatesIn(text).map(({ expression }) => expression);
}

/** Whether the last `{{` has no `}}`. */
export function isUnclosed(text: string): boolean {
  return text.lastIndexOf('{{') >= (templatesIn(text).at(-1)?.end ?? 0);
}

/**
 * Renders every string in `value`, however deep, with all expressions evaluated together; `except` names top-level
 * fields that are left as they are.
 */
export async function render(
  value: unknown,
  scope: ExpressionScope,
  evaluateAll: EvaluateAll,
  except: ReadonlySet<string> = new Set(),
): Promise<unknown> {
  const expressions: string[] = [];
  fill(value, (expression) => expressions.push(expression), except);
  const values = (await evaluateAll(expressions, scope)).values();
  return fill(value, () => values.next().value, except);
}

/** Each template, in order, becomes the value that it is given. */
function fill(
  value: unknown,
  giveValue: (expression: string) => unknown,
  except: ReadonlySet<string> = new Set(),
): unknown {
  if (typeof value === 'string') return hasTemplate(value) ? fillText(value, giveValue) : value;
  if (Array.isArray(value)) return value.map((item) => fill(item, giveValue));
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value);
  return Object.fromEntries(
    fields.map(([key, field]) => [key, except.has(key) ? field : fill(field, giveValue)]),
  );
}

function fillText(text: string, giveValue: (expression: string) => unknown): unknown {
  const templates = templatesIn(text);
  const values = templates.map(({ expression }) => giveValue(expression));
  const between = [0, ...templates.map(({ end }) => end)].map((from, index) =>
    text.slice(from, templates[index]?.start),
  );
  if (values.length === 1 && between.join('').trim() === '') return values[0];
  return between.map((piece, index) => piece + toText(values[index])).join('');
}

interface Template {
  start: number;
  end: number;
  expression: string;
}

/** Not by a regular expression, which would read to the end of the text again for each `{{` that nothing closes. */
function templatesIn(text: string): Template[] {
  const found: Template[] = [];
  for (let end = 0; ; ) {
    const start = text.indexOf('{{', end);
    const close = start < 0 ? -1 : text.indexOf('}}', start + 2);
    if (close < 0) return found;
    end = close + 2;
    found.push({ start, end, expression: text.slice(start + 2, close).trim() });
  }
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
