import Form from '@rjsf/core';
import type { RJSFSchema } from '@rjsf/utils';
import { type ReactElement, useId, useMemo } from 'react';
import { FormContextProvider } from '../form-context.ts';
import '../node-form.css';
import type { NodeProblem } from '../problems.ts';
import { weftForm, withoutEmpty } from '../theme/form-props.ts';

export interface SchemaFieldsProps {
  schema: object;
  value: unknown;
  onChange: (value: unknown) => void;
  /** With paths that begin with `input`. */
  problems: readonly NodeProblem[];
}

/** The fields of an input, drawn by react-jsonschema-form from its schema. The server judges what is typed. */
export default function SchemaFields({ schema, value, onChange, problems }: SchemaFieldsProps): ReactElement {
  const id = useId();
  const context = useMemo(
    () => ({ root: 'input' as const, problems, data: undefined, definition: undefined, config: {} }),
    [problems],
  );
  // The form's own title would repeat that of the dialog or panel around it.
  const { title: _, description: __, ...shown } = schema as RJSFSchema;
  return (
    <FormContextProvider value={context}>
      <Form
        {...weftForm}
        className="weft-form"
        idPrefix={id}
        schema={shown}
        formData={value ?? {}}
        onChange={({ formData }, field) => field !== undefined && onChange(withoutEmpty(formData))}
      >
        {/* Instead of its button. */}
        <span hidden />
      </Form>
    </FormContextProvider>
  );
}
