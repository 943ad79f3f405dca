import type { Workflow } from '@weft/client';
import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { messageOf } from '../data/executions.ts';
import { useRenameWorkflow } from '../data/workflows.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, Input } from '../ui/field.tsx';

/** The name by which programs know the workflow. It is not part of the document: it changes at once, and on purpose. */
export function WorkflowKey({ workflow }: { workflow: Pick<Workflow, 'id' | 'key'> }): ReactElement {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div className="weft-field">
      <span className="weft-field__label">Key</span>
      <p className="weft-field__description">
        Programs name the workflow by it. It stays when the name changes, and is the same on every server.
      </p>
      <div className="weft-editor__key">
        <code>{workflow.key}</code>
        <CopyButton text={workflow.key} label="Copy the key" />
        <Button size="small" variant="ghost" onClick={() => setIsOpen(true)}>
          Change
        </Button>
      </div>
      <RenameDialog workflow={workflow} isOpen={isOpen} onClose={() => setIsOpen(false)} />
    </div>
  );
}

interface RenameDialogProps {
  workflow: Pick<Workflow, 'id' | 'key'>;
  isOpen: boolean;
  onClose: () => void;
}

function RenameDialog({ workflow, isOpen, onClose }: RenameDialogProps): ReactElement {
  const rename = useRenameWorkflow();
  const [key, setKey] = useState(workflow.key);
  const formId = useId();
  const close = () => {
    rename.reset();
    setKey(workflow.key);
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate({ id: workflow.id, key }, { onSuccess: onClose });
  };
  return (
    <Dialog
      title="Change the key?"
      size="small"
      isOpen={isOpen}
      onClose={close}
      actions={
        <>
          <Button onClick={close}>Keep it</Button>
          <Button
            variant="primary"
            type="submit"
            form={formId}
            isBusy={rename.isPending}
            disabled={key === workflow.key}
          >
            Change
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit}>
        <p>Programs that name the workflow by its present key do not find it any more.</p>
        <Field label="New key" error={messageOf(rename.error)}>
          {(control) => (
            <Input
              {...control}
              value={key}
              onChange={(event) => setKey(event.target.value)}
              spellCheck={false}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
