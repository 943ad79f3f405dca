import { propertyName } from './names.ts';

/** A TypeScript type as text. `form` decides where another type must put it in parentheses. */
export interface Type {
  text: string;
  form: 'single' | 'object' | 'union' | 'intersection';
}

export const single = (text: string): Type => ({ text, form: 'single' });
export const unknownType = single('unknown');
export const neverType = single('never');

export function union(types: readonly Type[]): Type {
  const different = distinct(types).filter(({ text }) => text !== 'never');
  if (different.some(({ text }) => text === 'unknown')) return unknownType;
  if (different.length <= 1) return different[0] ?? neverType;
  return { text: different.map(parenthesised('intersection')).join(' | '), form: 'union' };
}

export function intersection(types: readonly Type[]): Type {
  const different = distinct(types).filter(({ text }) => text !== 'unknown');
  if (different.length <= 1) return different[0] ?? unknownType;
  return { text: different.map(parenthesised('union')).join(' & '), form: 'intersection' };
}

export function arrayOf(type: Type): Type {
  return single(`${alone(type)}[]`);
}

/** The text before `[]` or `?`. */
export function alone(type: Type): string {
  return type.form === 'union' || type.form === 'intersection' ? `(${type.text})` : type.text;
}

/** The type of exactly this JSON value. */
export function literal(value: unknown): Type {
  if (Array.isArray(value)) return single(`[${value.map((each) => literal(each).text).join(', ')}]`);
  if (typeof value !== 'object' || value === null) return single(JSON.stringify(value));
  const entries = Object.entries(value).map(([name, each]) => `${propertyName(name)}: ${literal(each).text}`);
  return single(entries.length === 0 ? emptyObject : `{ ${entries.join('; ')} }`);
}

export const emptyObject = 'Record<string, never>';

function distinct(types: readonly Type[]): Type[] {
  return [...new Map(types.map((type) => [type.text, type])).values()];
}

const parenthesised = (form: Type['form']) => (type: Type) => (type.form === form ? alone(type) : type.text);
