import type { ReactElement } from 'react';
import { Field, type FieldProps, Input, TextArea } from './field.tsx';

/** A text, on several lines where it has `rows`. */
export function TextField({
  value,
  onChange,
  isCode = false,
  rows,
  maxLength,
  placeholder,
  ...field
}: Omit<FieldProps, 'children'> & {
  value: string;
  onChange: (text: string) => void;
  /** Keys, names and texts that machines read. */
  isCode?: boolean;
  rows?: number;
  maxLength?: number;
  placeholder?: string;
}): ReactElement {
  const code = isCode ? { className: 'weft-mono', spellCheck: false } : {};
  return (
    <Field {...field}>
      {(control) => {
        const given = { ...control, ...code, value, maxLength, placeholder };
        return rows === undefined ? (
          <Input {...given} onChange={({ target }) => onChange(target.value)} />
        ) : (
          <TextArea {...given} rows={rows} onChange={({ target }) => onChange(target.value)} />
        );
      }}
    </Field>
  );
}
