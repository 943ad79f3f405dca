import type { Workflow } from '@weft/client';
import type { ReactElement } from 'react';
import { JsonField } from '../form/json-field.tsx';
import { Field, Input, Select, TextArea } from '../ui/field.tsx';
import { LimitFields } from './limit-fields.tsx';
import type { Finding } from './model/findings.ts';
import { PolicyField } from './policy-field.tsx';
import { RetentionFields } from './retention-fields.tsx';
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
      <Field
        label="Time limit"
        description="Seconds that a run may take, waits included; then it fails. Empty for as long as it takes."
        error={faultOf('timeoutMs')}
      >
        {(control) => (
          <Input
            {...control}
            type="number"
            min={1}
            value={document.timeoutMs === undefined ? '' : document.timeoutMs / 1_000}
            onChange={({ target }) =>
              set({ timeoutMs: target.value === '' ? undefined : Number(target.value) * 1_000 }, 'timeoutMs')
            }
          />
        )}
      </Field>
      <Field
        label="When a node fails"
        description="Of a failure that no edge from its error handle takes up."
      >
        {(control) => (
          <Select
            {...control}
            value={document.onFailure ?? 'FAIL'}
            onChange={({ target }) =>
              set({ onFailure: target.value === 'PARK' ? 'PARK' : undefined }, 'onFailure')
            }
          >
            <option value="FAIL">The run fails</option>
            <option value="PARK">The run waits until somebody resumes it</option>
          </Select>
        )}
      </Field>
      <PolicyField
        value={document.pythonPolicy}
        onChange={(pythonPolicy) => set({ pythonPolicy }, 'pythonPolicy')}
        error={faultOf('pythonPolicy')}
      />
      <LimitFields document={document} set={set} faultOf={faultOf} />
      <RetentionFields document={document} set={set} faultOf={faultOf} />
      <Field
        label="Labels"
        description="What runs are found by: an expression over `input` that gives an object. Empty for none."
        error={faultOf('labels')}
      >
        {(control) => (
          <TextArea
            {...control}
            className="weft-mono"
            rows={2}
            value={document.labels ?? ''}
            placeholder='{ "customer": input.customerId }'
            spellCheck={false}
            onChange={({ target }) => set({ labels: target.value || undefined }, 'labels')}
          />
        )}
      </Field>
    </div>
  );
}
