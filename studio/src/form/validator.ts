import { type Schema, Validator } from '@cfworker/json-schema';
import type { ErrorSchema, RJSFSchema, RJSFValidationError, ValidatorType } from '@rjsf/utils';

/**
 * The validator that react-jsonschema-form needs, for pages whose content security policy allows no `eval`, on which
 * its own rests. It reads JSON Schema 2020-12.
 */
export const weftValidator: ValidatorType = {
  isValid: (schema, formData, rootSchema) => errorsOf(inRoot(schema, rootSchema), formData).length === 0,
  rawValidation: <Result>(schema: RJSFSchema, formData: unknown) => ({
    errors: errorsOf(schema, formData) as Result[],
  }),
  validateFormData(formData, schema) {
    const errors = errorsOf(schema, formData);
    return { errors, errorSchema: toErrorSchema(errors) };
  },
};

/** A part of a schema may refer to definitions of the whole. */
function inRoot(schema: RJSFSchema, root: RJSFSchema): RJSFSchema {
  return root.$defs === undefined ? schema : { ...schema, $defs: root.$defs };
}

/** A schema that cannot be read finds nothing wrong: the server judges in the end. */
function errorsOf(schema: RJSFSchema, value: unknown): RJSFValidationError[] {
  try {
    const { errors } = new Validator(schema as Schema, '2020-12', false).validate(value ?? null);
    return errors.map(({ instanceLocation, keyword, error }) => ({
      name: keyword,
      message: error,
      property: instanceLocation.replace(/^#/, '').replaceAll('/', '.'),
      stack: error,
    }));
  } catch {
    return [];
  }
}

function toErrorSchema(errors: readonly RJSFValidationError[]): ErrorSchema {
  const root: ErrorSchema = {};
  for (const { property = '', message = '' } of errors) {
    let at = root as Record<string, ErrorSchema>;
    for (const key of property.split('.').filter(Boolean)) {
      at[key] ??= {};
      at = at[key] as Record<string, ErrorSchema>;
    }
    (at as ErrorSchema).__errors = [...((at as ErrorSchema).__errors ?? []), message];
  }
  return root;
}
