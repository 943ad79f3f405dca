import type { PythonEnvironment } from '@weft/client';
import type { ReactElement } from 'react';
import { useDeleteEnvironment } from '../../../data/environments.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { useToast } from '../../../ui/toast.tsx';
import { titleOf } from './environment-columns.tsx';

interface DeleteEnvironmentProps {
  /** Null while none is to be deleted. */
  environment: PythonEnvironment | null;
  onClose: () => void;
}

export function DeleteEnvironment({ environment, onClose }: DeleteEnvironmentProps): ReactElement {
  const remove = useDeleteEnvironment();
  const toast = useToast();
  const confirm = ({ id }: PythonEnvironment) =>
    remove.mutate(id, {
      onSuccess: () => toast({ tone: 'success', text: 'Deleted the environment.' }),
      onError: ({ message }) => toast({ tone: 'failure', text: message }),
      onSettled: onClose,
    });
  return (
    <Dialog
      title="Delete this environment?"
      size="small"
      isOpen={environment !== null}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button
            variant="danger"
            icon="trash"
            isBusy={remove.isPending}
            onClick={() => environment && confirm(environment)}
          >
            Delete
          </Button>
        </>
      }
    >
      <p>
        <span className="weft-mono">{environment && titleOf(environment)}</span> is installed anew, newer
        versions among its packages, by the next run that needs it.
      </p>
    </Dialog>
  );
}
