import type { ConfigProblem, ExpressionScope } from './definition.ts';
import type { OnMissing } from './expressions.ts';

/**
 * Templates: any string of a configuration may hold `{{ JSONata }}`. A string that is one template and nothing
 * else becomes the expression's value, of whatever type; in a longer string each template becomes text.
 */
export type EvaluateAll = (
  expressions: readonly string[],
  scope: ExpressionScope,
  onMissing: OnMissing,
) => Promise<unknown[]>;

/** A path to something undefined: the text as it is written, its place in the configuration, and the reason. */
export interface MissingReference {
  path: ConfigProblem['path'];
  text: string;
  reason: string;
}

export function hasTemplate(value: unknown): value is string {
  return typeof value === 'string' && templatesIn(value).length > 0;
}

/** The expressions in a string, in order. */
export function expressionsIn(text: string): string[] {
  return templatesIn(text).map(({ expression }) => expression);
}

/** The expression of a string that is one template and nothing else. */
export function onlyExpressionIn(value: unknown): string | undefined {
  const [template, ...more] = typeof value === 'string' ? templatesIn(value) : [];
  if (template === undefined || more.length > 0) return undefined;
  const rest = (value as string).slice(0, template.start) + (value as string).slice(template.end);
  return rest.trim() === '' ? template.expression : undefined;
}

/** Whether the last `{{` has no `}}`. */
export function isUnclosed(text: string): boolean {
  return text.lastIndexOf('{{') >= (templatesIn(text).at(-1)?.end ?? 0);
}

export interface RenderOptions {
  /** Top-level fields that are left as they are. */
  except?: ReadonlySet<string>;
  /** The value of a template that is no expression; undefined for those that are. */
  known?: (expression: string, path: Path) => string | undefined;
  /** Called for each template that is a path to something undefined. */
  onMissing?: (missing: MissingReference) => void;
}

/** Renders every string in `value`, however deep, with all expressions evaluated together. */
export async function render(
  value: unknown,
  scope: ExpressionScope,
  evaluateAll: EvaluateAll,
  { except = NO_EXCEPTIONS, known = () => undefined, onMissing = () => {} }: RenderOptions = {},
): Promise<unknown> {
  const expressions: string[] = [];
  const paths: Path[] = [];
  fill(value, [], except, (expression, path) => {
    if (known(expression, path) !== undefined) return;
    expressions.push(expression);
    paths.push([...path]);
  });
  const evaluated = await evaluateAll(expressions, scope, ({ index, text, reason }) =>
    onMissing({ path: paths[index]!, text: `{{ ${text} }}`, reason }),
  );
  const values = evaluated.values();
  return fill(value, [], except, (expression, path) => known(expression, path) ?? values.next().value);
}

/**
 * The texts in `value`, which is at `path`, that have a template or the beginning of one. Others are passed over before
 * anything is allocated for them: there may be millions.
 */
export function templatedTexts(value: unknown, path: Path): { path: Path; text: string }[] {
  const found: { path: Path; text: string }[] = [];
  findTexts(value, [...path], found);
  return found;
}

function findTexts(value: unknown, path: Path, found: { path: Path; text: string }[]): void {
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

type Path = ConfigProblem['path'];
type ToValue = (expression: string, path: Path) => unknown;
const NO_EXCEPTIONS: ReadonlySet<string> = new Set();

/** Replaces each template, in order, by its value. `path` is one list for all: a configuration may have millions of values. */
function fill(value: unknown, path: Path, except: ReadonlySet<string>, toValue: ToValue): unknown {
  if (typeof value === 'string') return hasTemplate(value) ? fillText(value, path, toValue) : value;
  if (value === null || typeof value !== 'object') return value;
  const fillAt = (key: string | number, field: unknown) => {
    path.push(key);
    const filled = fill(field, path, NO_EXCEPTIONS, toValue);
    path.pop();
    return filled;
  };
  if (Array.isArray(value)) return value.map((item, index) => fillAt(index, item));
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, except.has(key) ? field : fillAt(key, field)]),
  );
}

function fillText(text: string, path: Path, toValue: ToValue): unknown {
  const templates = templatesIn(text);
  const values = templates.map(({ expression }) => toValue(expression, path));
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

/** Not by a regular expression, which would read to the end of the text for each `{{` without a `}}`. */
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
