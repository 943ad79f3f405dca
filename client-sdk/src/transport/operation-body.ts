import { WeftInputError } from '../errors.ts';

/** The body of a GraphQL request. @throws WeftInputError NOT_JSON for variables that JSON cannot represent */
export function serializeOperation(query: string, variables: unknown): string {
  try {
    return JSON.stringify({ query, variables });
  } catch (cause) {
    throw notJson(Object(variables), cause);
  }
}

function notJson(variables: Record<string, unknown>, cause: unknown): WeftInputError {
  const name = findFaultyKey(variables);
  // As in the server's userErrors, the path leaves out the `input` around a mutation's fields.
  const field = (name === 'input' && findFaultyKey(Object(variables.input))) || name;
  const why = cause instanceof Error ? cause.message : String(cause);
  const subject = field ? `\`${field}\`` : 'the variables';
  const message = `Expected ${subject} to be JSON, got a value that JSON cannot represent: ${why}`;
  return new WeftInputError([{ level: 'ERROR', code: 'NOT_JSON', field, message }], { cause });
}

function findFaultyKey(values: Record<string, unknown>): string | null {
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
