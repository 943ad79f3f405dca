import { Ajv2020, type CodeOptions, type ValidateFunction } from 'ajv/dist/2020.js';
import { preview } from '../shared/describe-value.ts';
import { coerceError } from '../shared/errors.ts';
import { compileLinear, NotLinear } from './linear-pattern.ts';
import { isRepeated, type SchemaError, toSchemaError } from './schema-error.ts';

/** The first twenty places where a value does not fit; none where there is no schema. */
export function findSchemaErrors(schema: unknown, value: unknown): SchemaError[] {
  if (schema === null || schema === undefined) return [];
  try {
    const validate = compiled(schema);
    if (validate(value)) return [];
    return (validate.errors ?? [])
      .filter((error) => !isRepeated(error))
      .slice(0, 20)
      .map(toSchemaError);
  } catch (error) {
    // A schema whose `$ref`s lead in a circle overflows the stack, and only when there is something to check.
    const problem = `cannot be checked by this schema: ${coerceError(error).message}`;
    return [{ path: [], title: null, problem }];
  }
}

/** What is wrong with a JSON Schema itself, or null. */
export function schemaProblem(schema: unknown): string | null {
  if (schema === null) return null;
  if ((typeof schema !== 'object' && typeof schema !== 'boolean') || Array.isArray(schema))
    return 'Expected a JSON Schema, an object or a boolean.';
  const { $schema: dialect = DIALECT } = schema as { $schema?: unknown };
  if (typeof dialect === 'string' && dialect.replace(/#$/, '') !== DIALECT)
    return `Expected a JSON Schema of draft 2020-12, got one of ${preview(dialect)}. Change or leave out \`$schema\`.`;
  try {
    compile(schema, linearPattern);
    return null;
  } catch (error) {
    const { message } = coerceError(error);
    return error instanceof NotLinear ? message : `This is not a JSON Schema: ${message}`;
  }
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const MAX_COMPILED = 100;
const validators = new Map<string, ValidateFunction>();

/** Compiling takes milliseconds and checking microseconds, and most runs are of few workflows. */
function compiled(schema: unknown): ValidateFunction {
  const key = JSON.stringify(schema);
  const validate = validators.get(key) ?? compile(schema, linearOrOlderPattern);
  validators.delete(key);
  validators.set(key, validate);
  if (validators.size > MAX_COMPILED) validators.delete(validators.keys().next().value!);
  return validate;
}

/**
 * A fresh instance each time: schemas of different authors must not see each other's `$id`s. One instance checks that
 * they are schemas, which keeps nothing of them, because compiling the schema of schemas takes three times as long as
 * the rest.
 */
function compile(schema: unknown, regExp: RegExpEngine): ValidateFunction {
  schemas ??= new Ajv2020({ ...options, code: { regExp: linearPattern } });
  if (schemas.validateSchema(schema as object | boolean, true) !== true)
    throw new Error('expected one of draft 2020-12');
  const ajv = new Ajv2020({ ...options, validateSchema: false, code: { regExp } });
  const validate = ajv.compile(schema as object | boolean);
  // An extension of Ajv: its result is a promise, which would count as a value that fits.
  if (validate.schemaEnv.$async) throw new Error('`$async` has no meaning in a JSON Schema');
  return validate;
}

let schemas: Ajv2020 | undefined;
const options = { strict: false, allErrors: true, validateFormats: false, verbose: true };

type RegExpEngine = NonNullable<CodeOptions['regExp']>;

/** @throws NotLinear for a pattern that no engine matches in linear time: nobody may save one */
const linearPattern: RegExpEngine = Object.assign(
  (source: string) => {
    try {
      // Ajv shares what it makes of equal patterns, and recognises them by their text.
      return { ...compileLinear(source), toString: () => source };
    } catch (error) {
      if (!(error instanceof NotLinear)) throw error;
      throw new NotLinear(
        `Expected patterns that match in linear time, got ${preview(source)}: ${error.message}. ` +
          'Write the pattern without that, or check the text in a node.',
      );
    }
  },
  { code: 'unused' }, // of validators that are generated as files
);

/** Versions that were saved before patterns had to be linear are checked as they were then, within a limit of time. */
const linearOrOlderPattern: RegExpEngine = Object.assign(
  (source: string, flags: string) => {
    try {
      return linearPattern(source, flags);
    } catch (error) {
      if (!(error instanceof NotLinear)) throw error;
      // linear: it is not; it is matched in the evaluator's own process, within a limit of time
      return new RegExp(source, flags);
    }
  },
  { code: 'unused' },
);
