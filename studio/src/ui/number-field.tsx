import type { ReactElement } from 'react';
import { Field, type FieldProps, Input } from './field.tsx';

/** A number, whole unless `step` says otherwise, or nothing. What is typed stays a text, of which `toNumber` makes the number that is sent. */
export function NumberField({
  value,
  onChange,
  placeholder,
  min = 1,
  max,
  step = 1,
  ...field
}: Omit<FieldProps, 'children'> & {
  value: string;
  onChange: (text: string) => void;
  /** What holds where nothing is typed. */
  placeholder: string;
  min?: number;
  max: number;
  step?: number;
}): ReactElement {
  return (
    <Field {...field}>
      {(control) => (
        <Input
          {...control}
          type="number"
          min={min}
          max={max}
          step={step}
          value={value}
          placeholder={placeholder}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/** Null for nothing. */
export function toNumber(text: string): number | null {
  return text.trim() === '' ? null : Number(text);
}
