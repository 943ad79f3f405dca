import { type ReactElement, type ReactNode, useState } from 'react';
import { Field, TextArea } from '../ui/field.tsx';

export interface JsonFieldProps {
  label: ReactNode;
  description?: string;
  /** Undefined is an empty field. */
  value: unknown;
  /** Called with what was typed whenever it is JSON, with undefined when it is emptied. */
  onChange: (value: unknown) => void;
  /** Reports whether what stands in the field is JSON. */
  onValidity?: ((isValid: boolean) => void) | undefined;
  error?: ReactNode;
  rows?: number;
  isReadOnly?: boolean;
}

/** A value as JSON. What is half typed stays in the field, and the value what it was. */
export function JsonField(props: JsonFieldProps): ReactElement {
  const { label, description, value, onChange, onValidity, error, rows = 8, isReadOnly = false } = props;
  const [text, setText] = useState(() => print(value));
  const typed = parse(text);
  // The value has changed from elsewhere, such as by undo.
  const [shown, setShown] = useState(value);
  if (value !== shown) {
    setShown(value);
    if (!('value' in typed) || JSON.stringify(typed.value) !== JSON.stringify(value)) setText(print(value));
  }
  return (
    <Field label={label} description={description} error={'problem' in typed ? typed.problem : error}>
      {(control) => (
        <TextArea
          {...control}
          className="weft-mono"
          rows={rows}
          spellCheck={false}
          readOnly={isReadOnly}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            const next = parse(event.target.value);
            onValidity?.('value' in next);
            if ('problem' in next) return;
            setShown(next.value);
            onChange(next.value);
          }}
        />
      )}
    </Field>
  );
}

function print(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value, null, 2);
}

function parse(text: string): { value: unknown } | { problem: string } {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `Expected JSON: ${(error as Error).message}.` };
  }
}
