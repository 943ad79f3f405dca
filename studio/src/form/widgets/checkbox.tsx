import type { ReactElement } from 'react';
import type { FormWidgetProps } from './widget.ts';

/** Yes or no. What is the default is left out of the configuration. */
export function CheckboxWidget(props: FormWidgetProps<boolean>): ReactElement {
  const { id, value, onChange, describedBy, isInvalid, isReadOnly, defaultValue } = props;
  const isOn = (value ?? defaultValue) === true;
  return (
    <span className="weft-check">
      <input
        type="checkbox"
        id={id}
        aria-describedby={describedBy}
        aria-invalid={isInvalid || undefined}
        disabled={isReadOnly}
        checked={isOn}
        onChange={({ target }) => onChange(target.checked === defaultValue ? undefined : target.checked)}
      />
      {isOn ? 'Yes' : 'No'}
    </span>
  );
}
