import type { ReactElement } from 'react';
import { NumberInput } from './number-input.tsx';
import type { FormWidgetProps } from './widget.ts';

/** A time in the unit of `options`, such as seconds, that the API counts `factor` times finer, such as in milliseconds. */
export function DurationWidget(props: FormWidgetProps<number>): ReactElement {
  const { value, onChange, options, defaultValue, placeholder } = props;
  const factor = numberOr(options.factor, 1_000);
  const shown = (number: number | undefined) => (number === undefined ? undefined : number / factor);
  return (
    <NumberInput
      {...props}
      label={undefined}
      value={shown(value)}
      onChange={(next) => onChange(next === undefined ? undefined : Math.round(next * factor))}
      min={numberOr(options.min, shown(props.min))}
      max={numberOr(options.max, shown(props.max))}
      unit={typeof options.unit === 'string' ? options.unit : 'seconds'}
      placeholder={typeof defaultValue === 'number' ? String(defaultValue / factor) : placeholder}
      allowsFractions
    />
  );
}

function numberOr<Other>(value: unknown, other: Other): number | Other {
  return typeof value === 'number' ? value : other;
}
