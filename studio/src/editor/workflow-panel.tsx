import type { Workflow } from '@weft/client';
import type { ReactElement } from 'react';
import { JsonField } from '../form/json-field.tsx';
import { Field, Input, TextArea } from '../ui/field.tsx';
import type { Finding } from './model/findings.ts';
import { PolicyField } from './policy-field.tsx';
import type { Editor } from './use-editor.ts';
import { WorkflowKey } from './workflow-key.tsx';

/** What belongs to the workflow as a whole. */
export function WorkflowPanel({
  workflow,
  editor,
  findings,
}: {
  workflow: Pick<Workflow, 'id' | 'key'>;
  editor: Editor;
  findings: readonly Finding[];
}): ReactElement {
  const { document } = editor.state;
  const set = (change: object, group: string) =>
    editor.edit((before) => ({ ...before, ...change }), { group });
  const faultOf = (name: string) => findings.find(({ field }) => field === name)?.message;
  return (
    <div className="weft-editor__form">
      <Field label="Name" isRequired error={faultOf('name')}>
        {(control) => (
          <Input
            {...control}
            value={document.name}
            onChange={(event) => set({ name: event.target.value }, 'name')}
          />
        )}
      </Field>
      <WorkflowKey workflow={workflow} />
      <Field label="Description">
        {(control) => (
          <TextArea
            {...control}
            rows={3}
            value={document.description ?? ''}
            onChange={(event) => set({ description: event.target.value || undefined }, 'description')}
          />
        )}
      </Field>
      <JsonField
        label="Input schema"
        description="A JSON Schema that the input of each run must fit. The run panel draws a form from it."
        value={document.inputSchema}
        onChange={(inputSchema) => set({ inputSchema }, 'inputSchema')}
        error={faultOf('inputSchema')}
      />
      <JsonField
        label="Output schema"
        description="A JSON Schema that the output must fit; else the run fails."
        value={document.outputSchema}
        onChange={(outputSchema) => set({ outputSchema }, 'outputSchema')}
        error={faultOf('outputSchema')}
      />
      <PolicyField
        value={document.pythonPolicy}
        onChange={(pythonPolicy) => set({ pythonPolicy }, 'pythonPolicy')}
        error={faultOf('pythonPolicy')}
      />
    </div>
  );
}
