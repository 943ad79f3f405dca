import { type ReactElement, type ReactNode, useState } from 'react';
import { Input } from '../../ui/field.tsx';

export interface NumberInputProps {
  id: string;
  value: number | undefined;
  onChange: (value: number | undefined) => void;
  describedBy?: string | undefined;
  isInvalid?: boolean;
  isRequired?: boolean;
  isReadOnly?: boolean;
  placeholder?: string | undefined;
  min?: number | undefined;
  max?: number | undefined;
  /** A whole number unless given. */
  allowsFractions?: boolean;
  /** Such as `seconds`. */
  unit?: ReactNode;
  label?: string;
}

/**
 * A number within bounds, which are said, and kept when the field is left: what is typed on the way there may be out of
 * them, such as the 1 of 15 where 5 is the least. Arrow keys step it.
 */
export function NumberInput(props: NumberInputProps): ReactElement {
  const { id, value, onChange, min, max, unit, isInvalid = false, isReadOnly = false } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const [kept, setKept] = useState<string | null>(null);
  const bounds = boundsOf(min, max, unit);
  const problem = typed === null ? null : problemOf(typed, props);

  const change = (text: string) => {
    setTyped(text);
    setKept(null);
    if (text.trim() === '') onChange(undefined);
    else if (problemOf(text, props) === null) onChange(Number(text));
  };
  const settle = () => {
    if (typed !== null && problemOf(typed, props) !== null) {
      const nearest = nearestTo(typed, props);
      setKept(nearest === undefined ? null : `Set to ${nearest}: ${bounds ?? 'a number is needed'}.`);
      onChange(nearest);
    }
    setTyped(null);
  };
  const step = (by: number) => {
    const next = clamp((value ?? Number(props.placeholder ?? min ?? 0)) + by, min, max);
    setTyped(null);
    setKept(null);
    onChange(next);
  };
  const boundsId = `${id}-bounds`;
  return (
    <div className="weft-number">
      <span className="weft-number__row">
        <Input
          id={id}
          className="weft-number__input"
          inputMode={props.allowsFractions ? 'decimal' : 'numeric'}
          role="spinbutton"
          aria-label={props.label}
          aria-valuenow={value}
          aria-valuemin={min}
          aria-valuemax={max}
          aria-describedby={[props.describedBy, bounds && boundsId].filter(Boolean).join(' ') || undefined}
          aria-invalid={isInvalid || problem !== null || undefined}
          aria-required={props.isRequired || undefined}
          readOnly={isReadOnly}
          autoComplete="off"
          placeholder={props.placeholder}
          value={typed ?? value ?? ''}
          onChange={(event) => change(event.target.value)}
          onBlur={settle}
          onKeyDown={(event) => {
            if (isReadOnly || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
            event.preventDefault();
            step(event.key === 'ArrowUp' ? 1 : -1);
          }}
        />
        {unit && <span className="weft-number__unit">{unit}</span>}
      </span>
      {bounds && (
        <span
          id={boundsId}
          className="weft-number__bounds"
          aria-live="polite"
          data-problem={problem !== null || undefined}
        >
          {kept ?? (problem === null ? bounds : `Expected ${bounds}`)}
        </span>
      )}
    </div>
  );
}

function problemOf(text: string, { min, max, allowsFractions = false }: NumberInputProps): string | null {
  const number = Number(text);
  if (text.trim() === '') return null;
  if (!Number.isFinite(number) || (!allowsFractions && !Number.isInteger(number))) return 'number';
  return clamp(number, min, max) === number ? null : 'bounds';
}

function nearestTo(text: string, { value, min, max, allowsFractions = false }: NumberInputProps) {
  const number = Number.parseFloat(text);
  if (!Number.isFinite(number)) return value;
  return clamp(allowsFractions ? number : Math.round(number), min, max);
}

function clamp(number: number, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): number {
  return Math.min(Math.max(number, min), max);
}

function boundsOf(min: number | undefined, max: number | undefined, unit: ReactNode): string | null {
  const suffix = typeof unit === 'string' ? ` ${unit}` : '';
  if (max === Number.MAX_SAFE_INTEGER) return boundsOf(min, undefined, unit); // zod's way to say `any`
  if (min !== undefined && max !== undefined) return `${format(min)} to ${format(max)}${suffix}`;
  if (min !== undefined) return `at least ${format(min)}${suffix}`;
  return max === undefined ? null : `at most ${format(max)}${suffix}`;
}

/** Without separators, as it is to be typed. */
function format(number: number): string {
  return String(number);
}
