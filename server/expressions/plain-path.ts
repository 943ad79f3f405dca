import type { Analysis } from './analyze-expression.ts';

/**
 * What most templates are, such as `{{ input.customer.name }}`: a path of names through objects. JSONata gives the value
 * that stands there, so it is read here, and no process is asked: that takes 0.3 ms of this process's CPU, and this takes
 * microseconds. Where anything could be otherwise, such as a list on the way, a name that is a word of the language, a
 * value that is missing or large, nothing is read, and JSONata decides.
 */
export function readPlainPaths(expressions: readonly string[], scope: object): unknown[] | null {
  const budget = { left: MAX_SIZE };
  const values: unknown[] = [];
  for (const expression of expressions) {
    const value = valueAt(expression, scope);
    if (value === undefined || !fits(value, budget)) return null;
    values.push(value);
  }
  return values;
}

/**
 * What analyzeExpression finds of such a path, whatever stands there; null for any other expression. So a workflow with
 * none but paths, as most first ones are, is saved without a process, which takes 0.15 s of CPU to start.
 */
export function analyzePlainPath(expression: string): Analysis | null {
  const path = namesOf(expression);
  if (path === null || path.length > MAX_NAMES) return null;
  const nodes = path[0] === 'nodes' ? path.slice(1, 2) : [];
  return { problem: null, nodes, references: [path], shape: { kind: 'reference', path } };
}

/** Characters, and values of lists and objects: far below the limits of an evaluation. */
const MAX_SIZE = 20_000;

const PATH = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;
const WORDS: ReadonlySet<string> = new Set(['and', 'or', 'in', 'true', 'false', 'null', 'function']);

/** More names than anybody writes, for which the analysis has a limit. */
const MAX_NAMES = 16;

/** Null where it is no such path. */
function namesOf(expression: string): string[] | null {
  if (!PATH.test(expression)) return null;
  const names = expression.split('.');
  return names.some((name) => WORDS.has(name)) ? null : names;
}

/** Undefined where it is no such path, or leads nowhere. */
function valueAt(expression: string, scope: object): unknown {
  const names = namesOf(expression);
  if (names === null) return undefined;
  let value: unknown = scope;
  for (const name of names) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function fits(value: unknown, budget: { left: number }): boolean {
  budget.left -= typeof value === 'string' ? value.length : 1;
  if (budget.left < 0) return false;
  if (typeof value === 'function') return false;
  if (value === null || typeof value !== 'object') return true;
  return Object.values(value).every((child) => fits(child, budget));
}
