import { type ReactElement, useId } from 'react';
import { useWorkflows } from '../../data/workflows.ts';
import { Input } from '../../ui/field.tsx';
import { controlProps, type FormWidgetProps } from './widget.ts';

/** The key of a workflow: those that there are, are proposed; a template or an id is typed. */
export function WorkflowWidget(props: FormWidgetProps<string>): ReactElement {
  const { value = '', onChange, placeholder } = props;
  const listId = useId();
  const workflows = useWorkflows('');
  return (
    <>
      <Input
        {...controlProps(props)}
        list={listId}
        value={value}
        placeholder={placeholder}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
      />
      <datalist id={listId}>
        {workflows.data?.map(({ id, key, name }) => (
          <option key={id} value={key}>
            {name}
          </option>
        ))}
      </datalist>
    </>
  );
}
