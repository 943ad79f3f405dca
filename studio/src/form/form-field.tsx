import type { ReactElement, ReactNode } from 'react';
import { withCode } from '../ui/code-text.tsx';
import { Icon } from '../ui/icon.tsx';
import type { NodeProblem } from './problems.ts';

export interface FormFieldProps {
  id: string;
  label: ReactNode;
  description?: ReactNode;
  problems?: readonly NodeProblem[];
  isRequired?: boolean;
  /** Set where the control is no input that a <label> can name. */
  isGroup?: boolean;
  children: (props: { labelId: string; describedBy: string | undefined; isInvalid: boolean }) => ReactElement;
}

/** A control with its label, its description, and what is wrong with it, all tied to it. */
export function FormField({
  id,
  label,
  description,
  problems = [],
  isRequired = false,
  isGroup = false,
  children,
}: FormFieldProps): ReactElement {
  const labelId = `${id}-label`;
  const describedBy = [description && `${id}-description`, problems.length > 0 && `${id}-problems`].filter(
    Boolean,
  );
  const labelText = (
    <>
      {label}
      {isRequired && <span className="weft-field__required"> required</span>}
    </>
  );
  return (
    <div className="weft-field weft-form-field">
      {isGroup ? (
        <span id={labelId} className="weft-field__label">
          {labelText}
        </span>
      ) : (
        <label id={labelId} htmlFor={id} className="weft-field__label">
          {labelText}
        </label>
      )}
      {description && (
        <p id={`${id}-description`} className="weft-field__description">
          {withCode(description)}
        </p>
      )}
      {children({
        labelId,
        describedBy: describedBy.join(' ') || undefined,
        isInvalid: problems.some(({ level }) => level !== 'WARNING'),
      })}
      <Problems id={`${id}-problems`} problems={problems} />
    </div>
  );
}

/** Errors and warnings, told apart by icon, colour and word. */
export function Problems({
  id,
  problems,
}: {
  id?: string;
  problems: readonly NodeProblem[];
}): ReactElement | null {
  if (problems.length === 0) return null;
  return (
    <ul id={id} className="weft-problems">
      {problems.map(({ field, message, level = 'ERROR' }) => (
        <li
          key={`${field} ${message}`}
          className={`weft-problem weft-problem--${level === 'ERROR' ? 'error' : 'warning'}`}
        >
          <Icon name={level === 'ERROR' ? 'circleX' : 'alert'} size={14} />
          <span>
            <span className="weft-hidden">{level === 'ERROR' ? 'Error: ' : 'Warning: '}</span>
            {withCode(message)}
          </span>
        </li>
      ))}
    </ul>
  );
}
