import { type ComponentProps, type ReactElement, type ReactNode, useId } from 'react';
import './field.css';
import { classNames } from './class-names.ts';
import { withCode } from './code-text.tsx';
import { Icon, type IconName } from './icon.tsx';

export interface FieldProps {
  label: ReactNode;
  /** What to type, in a line. */
  description?: ReactNode;
  /** What is wrong with what was typed. */
  error?: ReactNode;
  isRequired?: boolean;
  /** Draws the control: it gets what ties it to its label, description and error. */
  children: (props: FieldControlProps) => ReactElement;
}

export interface FieldControlProps {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
  required: boolean | undefined;
}

/** A control with its label, and its description and error where there are any. */
export function Field({ label, description, error, isRequired, children }: FieldProps): ReactElement {
  const id = useId();
  const describedBy = [description && `${id}-description`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className="weft-field">
      <label htmlFor={id} className="weft-field__label">
        {label}
        {isRequired && <span className="weft-field__required"> required</span>}
      </label>
      {description && (
        <p id={`${id}-description`} className="weft-field__description">
          {withCode(description)}
        </p>
      )}
      {children({
        id,
        'aria-describedby': describedBy || undefined,
        'aria-invalid': error ? true : undefined,
        required: isRequired,
      })}
      {error && (
        <p id={`${id}-error`} className="weft-field__error">
          <Icon name="alert" size={14} /> <span>{withCode(error)}</span>
        </p>
      )}
    </div>
  );
}

/** A line of text. */
export function Input({
  icon,
  className,
  ...rest
}: ComponentProps<'input'> & { icon?: IconName }): ReactElement {
  const input = <input className={classNames('weft-input', className)} {...rest} />;
  if (icon === undefined) return input;
  return (
    <span className="weft-input-with-icon">
      <Icon name={icon} />
      {input}
    </span>
  );
}

/** Several lines of text. */
export function TextArea({ className, ...rest }: ComponentProps<'textarea'>): ReactElement {
  return <textarea className={classNames('weft-input', 'weft-input--area', className)} {...rest} />;
}

/** One of a few: the system's own list, which phones and screen readers know. */
export function Select({ className, children, ...rest }: ComponentProps<'select'>): ReactElement {
  return (
    <span className={classNames('weft-select', className)}>
      <select className="weft-input" {...rest}>
        {children}
      </select>
      <Icon name="chevronDown" size={14} />
    </span>
  );
}
