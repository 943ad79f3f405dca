import type { ReactElement } from 'react';
import { Field, type FieldProps, Select } from './field.tsx';

/** One of a few. */
export function SelectField<Value extends string>({
  value,
  onChange,
  options,
  ...field
}: Omit<FieldProps, 'children'> & {
  value: Value;
  onChange: (value: Value) => void;
  /** Each value with its label, in order. */
  options: readonly (readonly [string, string])[];
}): ReactElement {
  return (
    <Field {...field}>
      {(control) => (
        <Select {...control} value={value} onChange={({ target }) => onChange(target.value as Value)}>
          {options.map(([each, label]) => (
            <option key={each} value={each}>
              {label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
