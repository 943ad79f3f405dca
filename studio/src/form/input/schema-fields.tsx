import Form from '@rjsf/core';
import type { RJSFSchema } from '@rjsf/utils';
import { WeftInputError } from '@weft/client';
import { type ReactElement, useEffect, useId, useMemo, useRef, useState } from 'react';
import { FormContextProvider } from '../form-context.ts';
import '../node-form.css';
import type { NodeProblem } from '../problems.ts';
import { weftForm, withoutEmpty } from '../theme/form-props.ts';

export interface SchemaFieldsProps {
  schema: object;
  value: unknown;
  onChange: (value: unknown) => void;
  /** Why the last start failed. */
  error: Error | null;
}

/** The fields of an input, drawn by react-jsonschema-form from its schema. The server judges what is typed. */
export default function SchemaFields({ schema, value, onChange, error }: SchemaFieldsProps): ReactElement {
  const id = useId();
  const fields = useRef<HTMLDivElement>(null);
  const problems = useProblems(error, value);
  const context = useMemo(
    () => ({ root: 'input' as const, problems, data: undefined, definition: undefined, config: {} }),
    [problems],
  );
  // What the server has refused is the next thing to type.
  useEffect(() => {
    if (error !== null) fields.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  }, [error]);
  // The form's own title would repeat that of the dialog or panel around it.
  const { title: _, description: __, ...shown } = schema as RJSFSchema;
  return (
    <FormContextProvider value={context}>
      <div ref={fields}>
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
      </div>
    </FormContextProvider>
  );
}

const none: readonly NodeProblem[] = [];

/** What the server found, as long as what it found it in stands there. */
function useProblems(error: Error | null, value: unknown): readonly NodeProblem[] {
  const [judged, setJudged] = useState({ error, value });
  if (judged.error !== error) setJudged({ error, value });
  const all = error instanceof WeftInputError ? error.userErrors : none;
  const standing = all.filter(({ field }) => textAt(judged.value, field) === textAt(value, field));
  const shown = standing.map(({ field }) => field).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shown` says which of them stand
  return useMemo(() => standing, [all, shown]);
}

function textAt(input: unknown, field: string | null): string | undefined {
  const [, ...path] = field?.split('.') ?? [];
  return JSON.stringify(
    path.reduce<unknown>((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], input),
  );
}
