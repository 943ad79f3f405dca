import type { ReactElement } from 'react';
import { NumberInput } from './number-input.tsx';
import type { FormWidgetProps } from './widget.ts';

/** A number within its schema's bounds. */
export function NumberWidget(props: FormWidgetProps<number>): ReactElement {
  const { defaultValue, placeholder, options } = props;
  return (
    <NumberInput
      {...props}
      label={undefined}
      placeholder={typeof defaultValue === 'number' ? String(defaultValue) : placeholder}
      unit={typeof options.unit === 'string' ? options.unit : undefined}
      allowsFractions={options.fractions === true}
    />
  );
}
