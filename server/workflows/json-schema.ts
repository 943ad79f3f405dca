import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { coerceError } from '../shared/errors.ts';
import type { UserError } from './types.ts';

/** A fresh instance each time: schemas of different authors must not see each other's `$id`s. */
const makeAjv = () => new Ajv2020({ strict: false, allErrors: true, validateFormats: false });

/** What is wrong with a JSON Schema itself, or null. */
export function schemaProblem(schema: unknown): string | null {
  if (schema === null) return null;
  if (typeof schema !== 'object' && typeof schema !== 'boolean')
    return 'Expected a JSON Schema, an object or a boolean.';
  try {
    makeAjv().compile(schema);
    return null;
  } catch (error) {
    return `This is not a JSON Schema: ${coerceError(error).message}`;
  }
}

/** Where a value does not fit its schema, each at its path below `field`. */
export function checkAgainstSchema(schema: unknown, value: unknown, field: string): UserError[] {
  if (schema === null) return [];
  const validate = makeAjv().compile(schema as object | boolean);
  if (validate(value)) return [];
  return (validate.errors ?? []).slice(0, 20).map((error) => ({
    code: 'INVALID_INPUT',
    field: [field, ...error.instancePath.split('/').slice(1)].join('.'),
    message: `The input does not fit the workflow's inputSchema: ${wording(error)}.`,
  }));
}

function wording({ instancePath, message }: ErrorObject): string {
  return `${instancePath === '' ? 'it' : `\`${instancePath.slice(1).replaceAll('/', '.')}\``} ${message ?? 'is not valid'}`;
}
