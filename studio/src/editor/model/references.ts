import type { NodeDefinition } from '@weft/client';
import type { DocumentNode } from './document.ts';

/** Puts `root.to` in the place of `root.from` in every expression of a node; the same node where there is none. */
export function renameInNode(
  node: DocumentNode,
  definition: NodeDefinition | undefined,
  rename: Rename,
): DocumentNode {
  const config = renameInConfig(node.config, definition, rename);
  const items = node.forEach && renameInExpression(node.forEach.items, rename);
  const forEach = node.forEach && items !== node.forEach.items ? { ...node.forEach, items } : node.forEach;
  return config === node.config && forEach === node.forEach
    ? node
    : ({ ...node, config, forEach } as DocumentNode);
}

export interface Rename {
  /** `nodes` for `nodes.<key>` and `$nodes.<key>`, `input` for what several edges bring. */
  root: 'nodes' | 'input';
  from: string;
  to: string;
}

function renameInConfig(config: unknown, definition: NodeDefinition | undefined, rename: Rename): unknown {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return config;
  const languages = new Map(definition?.fields.map(({ name, language }) => [name, language]));
  let hasChanged = false;
  const next = Object.entries(config).map(([field, value]) => {
    const language = languages.get(field);
    // Python is never a template: what `{{ … }}` means in it is Python's.
    const changed = language === 'python' ? value : renameInValue(value, language === 'jsonata', rename);
    hasChanged ||= changed !== value;
    return [field, changed];
  });
  return hasChanged ? Object.fromEntries(next) : config;
}

function renameInValue(value: unknown, isExpression: boolean, rename: Rename): unknown {
  if (typeof value === 'string')
    return isExpression ? renameInExpression(value, rename) : renameInTemplate(value, rename);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const changed = entries.map(([key, each]) => [key, renameInValue(each, isExpression, rename)] as const);
  if (changed.every(([, each], index) => each === entries[index]![1])) return value;
  return Array.isArray(value) ? changed.map(([, each]) => each) : Object.fromEntries(changed);
}

function renameInTemplate(text: string, rename: Rename): string {
  let result = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('{{', at);
    const close = open === -1 ? -1 : text.indexOf('}}', open);
    if (close === -1) return result + text.slice(at);
    result += text.slice(at, open + 2) + renameInExpression(text.slice(open + 2, close), rename);
    at = close;
  }
}

/** Reads JSONata token by token: what stands in strings and comments is text, and stays. */
export function renameInExpression(text: string, { root, from, to }: Rename): string {
  let result = '';
  let last: string | undefined;
  let beforeLast: string | undefined;
  let beforeThat: string | undefined;
  for (const [token] of text.matchAll(tokens)) {
    const isBlank = /^(\s|\/\*)/.test(token);
    const isReference =
      nameOf(token) === from && last === '.' && isRoot(beforeLast, root) && beforeThat !== '.' && !isBlank;
    result += isReference ? quoted(to) : token;
    if (!isBlank) [beforeThat, beforeLast, last] = [beforeLast, last, token];
  }
  return result;
}

/** Strings, comments, names in backquotes, blanks, names with what begins them, and any other character. */
const tokens =
  /"(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?|`[^`]*`?|\s+|[$A-Za-z0-9_\u0080-\uffff]+|[\s\S]/g;

/** `nodes` and the variable `$nodes`. */
function isRoot(token: string | undefined, root: string): boolean {
  return token === root || token === `$${root}`;
}

function nameOf(token: string): string {
  return token.startsWith('`') ? token.slice(1, -1) : token;
}

function quoted(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && !keywords.has(key) ? key : `\`${key}\``;
}

const keywords = new Set(['and', 'or', 'in', 'true', 'false', 'null', 'function']);
