import { type ReactElement, useId, useState } from 'react';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Field, TextArea } from '../../../ui/field.tsx';

interface PrepareDialogProps {
  isOpen: boolean;
  onClose: () => void;
  onPrepare: (packages: readonly string[]) => void;
}

/** Which packages to install ahead of the first run. */
export function PrepareDialog({ isOpen, onClose, onPrepare }: PrepareDialogProps): ReactElement {
  const formId = useId();
  const [text, setText] = useState('');
  const packages = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return (
    <Dialog
      title="Prepare an environment"
      isOpen={isOpen}
      onClose={onClose}
      actions={
        <Button type="submit" form={formId} variant="primary" disabled={packages.length === 0}>
          Prepare
        </Button>
      }
    >
      <form
        id={formId}
        onSubmit={(event) => {
          event.preventDefault();
          onPrepare(packages);
          setText('');
        }}
      >
        <Field label="Packages" description="One per line, as of a Python node.">
          {(control) => (
            <TextArea
              {...control}
              className="weft-mono"
              rows={6}
              spellCheck={false}
              autoFocus
              placeholder={'pandas>=2\nmatplotlib'}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
