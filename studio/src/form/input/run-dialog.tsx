import { type ReactElement, type ReactNode, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SkeletonRows } from '../../ui/feedback.tsx';
import { exampleOf } from './example.ts';
import { InputForm } from './input-form.tsx';

export interface RunDialogProps {
  title: ReactNode;
  schema: unknown;
  /** What to begin with, null while it is read; without it, what the schema proposes. */
  initial?: { value: unknown } | null;
  description?: string;
  /** What its button says; `Run` unless given. */
  action?: ReactNode;
  isBusy: boolean;
  error: Error | null;
  onClose: () => void;
  onRun: (input: unknown) => void;
}

/** A dialog that is open, for the input of a run. */
export function RunDialog(props: RunDialogProps): ReactElement {
  const { title, schema, initial, description, action = 'Run', isBusy, error, onClose, onRun } = props;
  const [edited, setEdited] = useState<{ value: unknown } | null>(null);
  const [isValid, setIsValid] = useState(true);
  const shown = edited ?? (initial === undefined ? { value: exampleOf(schema) } : initial);
  return (
    <Dialog
      title={title}
      isOpen
      onClose={onClose}
      actions={
        <Button
          variant="primary"
          icon="play"
          isBusy={isBusy}
          disabled={shown === null || !isValid}
          onClick={() => onRun(shown?.value ?? null)}
        >
          {action}
        </Button>
      }
    >
      {shown === null ? (
        <SkeletonRows />
      ) : (
        <InputForm
          schema={schema}
          value={shown.value}
          onChange={(value) => setEdited({ value })}
          onValidity={setIsValid}
          error={error}
          description={description}
        />
      )}
    </Dialog>
  );
}
