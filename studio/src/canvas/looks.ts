import type { IconName } from '../ui/icon.tsx';

/** The icon of a node: its type's own, else its category's. A type that is added later has one without any code here. */
export function nodeIcon(type: string, category: string | undefined): IconName {
  return typeIcons.get(type) ?? categoryIcons.get(category ?? '') ?? 'box';
}

/** The colour of a category: `--weft-category-<name>`. */
export function categoryColour(category: string | undefined): string {
  const name = category !== undefined && categoryIcons.has(category) ? category : 'other';
  return `var(--weft-category-${name})`;
}

const typeIcons = new Map<string, IconName>([
  ['input', 'arrowIn'],
  ['output', 'arrowOut'],
  ['python', 'code'],
  ['transform', 'braces'],
  ['branch', 'branch'],
  ['switch', 'route'],
  ['http', 'external'],
  ['delay', 'clock'],
  ['approval', 'check'],
  ['subworkflow', 'workflow'],
  ['repeat', 'refresh'],
  ['fail', 'circleX'],
  ['merge', 'merge'],
  ['respond', 'arrowOut'],
]);

const categoryIcons = new Map<string, IconName>([
  ['flow', 'route'],
  ['code', 'code'],
  ['data', 'braces'],
  ['network', 'external'],
]);
