import jsonata from 'jsonata';
import { explainSyntaxError } from './syntax-error.ts';
import { type Path, VARIABLE_NAMES } from './undefined-reference.ts';

/** What is known of an expression before it is evaluated. */
export interface Analysis {
  /** Its syntax error, or null. */
  problem: string | null;
  /** The keys of the nodes whose output it refers to by name: `nodes.<key>`. */
  nodes: string[];
  /** The paths that it reads, from the whole scope; without those whose presence the expression itself tests. */
  references: Path[];
  /** What its value looks like; null where that depends on more than literals and paths. */
  shape: Shape | null;
}

/** A list has the shape of its items: paths of JSONata lead through lists. */
export type Shape =
  | { kind: 'object'; fields: Record<string, Shape | null> }
  | { kind: 'scalar'; type: string }
  | { kind: 'reference'; path: Path };

/** A part of JSONata's syntax tree, as far as it is read here. */
interface Tree {
  type?: string;
  value?: unknown;
  steps?: Tree[];
  stages?: Tree[];
  predicate?: Tree[];
  group?: unknown;
  focus?: string;
  index?: string;
  expr?: Tree;
  expressions?: Tree[];
  arguments?: Tree[];
  procedure?: Tree;
  condition?: Tree;
  lhs?: unknown;
}

/** The path from the whole scope to what a part of the tree is evaluated over; null where it is not known. */
type Context = Path | null;

const ROOT: Path = [];
const MAX_REFERENCES = 500;
const MAX_PATH_NAMES = 32;

export function analyzeExpression(expression: string): Analysis {
  try {
    const tree = jsonata(expression).ast() as Tree;
    const variables = scopeVariables(tree);
    return {
      problem: null,
      ...makeCollector(variables).collectAll(tree),
      shape: shapeOf(tree, ROOT, variables),
    };
  } catch (error) {
    const problem = explainSyntaxError(expression, error as { message?: string; position?: number });
    return { problem, nodes: [], references: [], shape: null };
  }
}

/**
 * The path of an expression that is nothing else: names alone, of which the first may be a variable of the scope, without
 * filters. Null for any other expression.
 */
export function barePath(tree: unknown): Path | null {
  return pathWithin(tree as Tree, ROOT, VARIABLE_NAMES);
}

/** The same of a part of an expression. */
function pathWithin({ type, steps = [], group }: Tree, context: Path, variables: Variables): Path | null {
  const isBare = ({ type, value, stages, predicate, focus }: Tree, index: number) =>
    (type === 'name' || (index === 0 && type === 'variable' && variables.has(String(value)))) &&
    stages === undefined &&
    predicate === undefined &&
    focus === undefined;
  if (type !== 'path' || group !== undefined || !steps.every(isBare)) return null;
  const from = steps[0]?.type === 'variable' ? ROOT : context;
  return [...from, ...steps.map(({ value }) => String(value))];
}

/** The names of variables that mean a part of the scope. */
type Variables = ReadonlySet<string>;

/** Without those that the expression itself binds: by `:=`, as parameters of a function, by `@` and `#`. */
function scopeVariables(tree: Tree): Variables {
  const bound = new Set<unknown>();
  const waiting: unknown[] = [tree];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part === null || typeof part !== 'object') continue;
    const { type, value, focus, index, lhs, arguments: parameters } = part as Tree;
    if (type === 'bind') bound.add((lhs as Tree).value);
    if (type === 'lambda') for (const parameter of parameters ?? []) bound.add(parameter.value);
    if (type === 'index') bound.add(value);
    bound.add(focus).add(index);
    waiting.push(...Object.values(part).filter((each) => each !== undefined));
  }
  return new Set([...VARIABLE_NAMES].filter((name) => !bound.has(name)));
}

function makeCollector(variables: Variables) {
  const nodes = new Set<string>();
  const references = new Map<string, Path>();
  const tested: Path[] = [];
  return {
    collectAll(tree: Tree) {
      collect(tree, ROOT);
      const isTested = (path: Path) => tested.some((prefix) => isPrefix(prefix, path));
      return { nodes: [...nodes], references: [...references.values()].filter((path) => !isTested(path)) };
    },
  };

  function collect(tree: unknown, context: Context): void {
    if (Array.isArray(tree)) for (const part of tree) collect(part, context);
    if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) return;
    const node = tree as Tree;
    noteTest(node, context);
    if (node.type === 'path') collectPath(node, context);
    else if (node.type === 'variable') {
      const at = variableContext(node, context, variables);
      if (variables.has(String(node.value))) note(at);
      collectInside(node, at);
    }
    // `~> |pattern|update|` is evaluated over what is piped into it.
    else if (node.type === 'transform') collect(Object.values(node), null);
    else {
      collect(partsOf(node), context);
      collectInside(node, null);
    }
  }

  function collectPath({ steps = [], group }: Tree, context: Context): void {
    let at = context;
    for (const [index, step] of steps.entries()) {
      const before = at;
      at = contextAfter(step, index, at, variables);
      if (index > 0 && (at === null || step.type === 'sort')) note(before);
      if (step.type !== 'name' && step.type !== 'variable') collect(partsOf(step), before);
      collectInside(step, at);
      // `@$x` goes on from where its step began.
      if (step.focus !== undefined) {
        note(at);
        at = null;
      }
    }
    note(at);
    collect((group as Tree | undefined)?.lhs, at);
  }

  /** What stands in the brackets and braces behind a part is evaluated over that part. */
  function collectInside({ stages = [], predicate = [], group }: Tree, at: Context): void {
    for (const { expr } of [...stages, ...predicate]) collect(expr, at);
    collect((group as Tree | undefined)?.lhs, at);
  }

  function note(path: Context): void {
    if (path === null || path.length === 0) return;
    if (path[0] === 'nodes' && path.length > 1) nodes.add(path[1]!);
    if (references.size < MAX_REFERENCES) references.set(JSON.stringify(path), path);
  }

  /** `$exists(path)`, and `path ? … : …`: `??` and `?:` are parsed into these. */
  function noteTest({ type, condition, procedure, arguments: args = [] }: Tree, context: Context): void {
    const isExists = type === 'function' && procedure?.value === 'exists';
    const subject = type === 'condition' ? condition : isExists ? args[0] : undefined;
    const path = subject === undefined || context === null ? null : pathWithin(subject, context, variables);
    if (path !== null) tested.push(path);
  }
}

/** Without what stands in brackets and braces behind it. */
function partsOf({ stages: _, predicate: __, group: ___, ...parts }: Tree): unknown[] {
  return Object.values(parts);
}

/** Null behind a step that is computed, and behind more names than anyone writes. */
function contextAfter(step: Tree, index: number, before: Context, variables: Variables): Context {
  if (step.type === 'variable' && index === 0) return variableContext(step, before, variables);
  if (step.type === 'sort') return before;
  if (step.type !== 'name' || before === null || before.length >= MAX_PATH_NAMES) return null;
  return [...before, String(step.value)];
}

/** `$` is what the expression is evaluated over at that place, `$$` the whole scope. */
function variableContext({ value }: Tree, context: Context, variables: Variables): Context {
  if (value === '$') return ROOT;
  if (variables.has(String(value))) return [String(value)];
  return value === '' ? context : null;
}

function isPrefix(prefix: Path, path: Path): boolean {
  return prefix.every((name, index) => name === path[index]);
}

function shapeOf(tree: Tree, context: Context, variables: Variables): Shape | null {
  if (tree.group !== undefined) return null;
  switch (tree.type) {
    case 'path':
      return pathShape(tree.steps ?? [], context, variables);
    case 'variable':
      return referenceTo(variableContext(tree, context, variables));
    case 'unary':
      if (tree.value === '{') return objectShape(tree.lhs as [Tree, Tree][], context, variables);
      return tree.value === '[' && tree.expressions?.length === 1
        ? shapeOf(tree.expressions[0]!, context, variables)
        : null;
    case 'block':
      return tree.expressions?.length ? shapeOf(tree.expressions.at(-1)!, context, variables) : null;
    case 'string':
    case 'number':
      return { kind: 'scalar', type: tree.type };
    case 'value':
      return { kind: 'scalar', type: tree.value === null ? 'null' : 'boolean' };
    default:
      return null;
  }
}

/** A path of names refers to its value; one that ends with `.{ … }` makes an object of each value it leads to. */
function pathShape(steps: readonly Tree[], context: Context, variables: Variables): Shape | null {
  let at = context;
  for (const [index, step] of steps.entries()) {
    if (step.focus !== undefined || step.group !== undefined) return null;
    const after = contextAfter(step, index, at, variables);
    if (after === null)
      return index === steps.length - 1 && step.type !== 'name' ? shapeOf(step, at, variables) : null;
    at = after;
  }
  return referenceTo(at);
}

function referenceTo(path: Context): Shape | null {
  return path && { kind: 'reference', path };
}

function objectShape(pairs: readonly [Tree, Tree][], context: Context, variables: Variables): Shape | null {
  if (!pairs.every(([key]) => key.type === 'string')) return null;
  const fields = pairs.map(([key, value]) => [String(key.value), shapeOf(value, context, variables)]);
  return { kind: 'object', fields: Object.fromEntries(fields) };
}
