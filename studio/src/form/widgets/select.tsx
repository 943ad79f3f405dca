import type { ReactElement } from 'react';
import { Select } from '../../ui/field.tsx';
import { controlProps, type FormWidgetProps } from './widget.ts';

/** One of a few values, by their labels. A value that is none of them stays, as an option of its own. */
export function SelectWidget(props: FormWidgetProps<string>): ReactElement {
  const { value, onChange, options, defaultValue, isReadOnly } = props;
  const choices = (options.choices ?? {}) as Record<string, string>;
  const chosen = value ?? (typeof defaultValue === 'string' ? defaultValue : '');
  const { readOnly: _, ...control } = controlProps(props);
  return (
    <Select
      {...control}
      disabled={isReadOnly}
      value={chosen}
      onChange={({ target }) => onChange(target.value === defaultValue ? undefined : target.value)}
    >
      {!Object.hasOwn(choices, chosen) && <option value={chosen}>{chosen}</option>}
      {Object.entries(choices).map(([choice, label]) => (
        <option key={choice} value={choice}>
          {label}
        </option>
      ))}
    </Select>
  );
}
