import type { ReactElement } from 'react';
import { TextArea } from '../../ui/field.tsx';
import { controlProps, type FormWidgetProps } from '../widgets/widget.ts';
import { ExpressionPreview } from './preview.tsx';

/** A JSONata expression, with what it gives over the last run's values. */
export function ExpressionWidget(props: FormWidgetProps<string>): ReactElement {
  const { id, value = '', onChange, placeholder, describedBy } = props;
  return (
    <div className="weft-expression">
      <TextArea
        {...controlProps(props)}
        aria-describedby={[describedBy, `${id}-preview`].filter(Boolean).join(' ')}
        className="weft-expression__text"
        rows={2}
        spellCheck={false}
        autoCapitalize="off"
        value={value}
        placeholder={placeholder}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
      />
      <ExpressionPreview id={`${id}-preview`} expression={value} />
    </div>
  );
}
