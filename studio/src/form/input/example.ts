import { isFileSchema } from '../../files/file-value.ts';

/**
 * An input to begin with: the defaults and first examples that a JSON Schema has, and nothing for the rest. Undefined
 * where the schema has none.
 */
export function exampleOf(schema: unknown): unknown {
  const { default: value, examples, properties, type } = (schema ?? {}) as JsonSchema;
  if (value !== undefined) return value;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if (isFileSchema(schema) || (properties === undefined && type !== 'object')) return undefined;
  const entries = Object.entries(properties ?? {}).map(([key, property]) => [key, exampleOf(property)]);
  return Object.fromEntries(entries.filter(([, example]) => example !== undefined));
}

interface JsonSchema {
  default?: unknown;
  examples?: unknown;
  properties?: Record<string, unknown>;
  type?: unknown;
}
