import { WeftInputError } from '../errors.ts';

/** An operation as it is sent. @throws WeftInputError NOT_JSON for variables that JSON has no form for */
export function bodyOf(query: string, variables: unknown): string {
  try {
    return JSON.stringify({ query, variables });
  } catch (cause) {
    throw notJson(Object(variables), cause);
  }
}

function notJson(variables: Record<string, unknown>, cause: unknown): WeftInputError {
  const name = faultyKey(variables);
  // As the server tells fields: without the `input` that a mutation has around them.
  const field = (name === 'input' && faultyKey(Object(variables.input))) || name;
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `Expected ${field ? `\`${field}\`` : 'the variables'} to be JSON, got what it has no form for: ${why}`;
  return new WeftInputError([{ level: 'ERROR', code: 'NOT_JSON', field, message }], { cause });
}

function faultyKey(values: Record<string, unknown>): string | null {
  return Object.keys(values).find((key) => !isJson(values[key])) ?? null;
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
