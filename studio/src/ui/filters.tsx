import type { ReactElement, ReactNode } from 'react';
import { Input, Select } from './field.tsx';
import './filters.css';

/** What narrows a list, in a row that breaks where it must. */
export function Filters({ children }: { children: ReactNode }): ReactElement {
  return (
    <fieldset className="weft-filters" aria-label="Filters">
      {children}
    </fieldset>
  );
}

export interface FilterSelectProps {
  label: string;
  /** What narrows nothing, such as `All workflows`; its value is the empty one. */
  all: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange: (value: string) => void;
}

/** What is chosen stays an option, also where the list of options does not have it. */
export function FilterSelect({ label, all, value, options, onChange }: FilterSelectProps): ReactElement {
  const isKnown = value === '' || options.some(([option]) => option === value);
  return (
    <Select aria-label={label} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
      <option value="">{all}</option>
      {!isKnown && <option value={value}>{value}</option>}
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {text}
        </option>
      ))}
    </Select>
  );
}

export interface FilterTextProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}

export function FilterText({ label, placeholder, value, onChange }: FilterTextProps): ReactElement {
  return (
    <Input
      type="search"
      className="weft-filters__text"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
