import type { ReactElement } from 'react';
import { Input, TextArea } from '../../ui/field.tsx';
import { controlProps, type FormWidgetProps } from './widget.ts';

/** A line of text. */
export function TextWidget(props: FormWidgetProps<string>): ReactElement {
  const { value = '', onChange, placeholder } = props;
  return (
    <Input
      {...controlProps(props)}
      value={value}
      placeholder={placeholder}
      onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
    />
  );
}

/** Several lines of text. */
export function TextAreaWidget(props: FormWidgetProps<string>): ReactElement {
  const { value = '', onChange, placeholder } = props;
  return (
    <TextArea
      {...controlProps(props)}
      value={value}
      placeholder={placeholder}
      onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
    />
  );
}
