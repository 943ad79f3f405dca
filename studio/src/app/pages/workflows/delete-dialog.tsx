import type { ReactElement } from 'react';
import { useDeleteWorkflow } from '../../../data/workflows.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { useToast } from '../../../ui/toast.tsx';

interface DeleteDialogProps {
  id: string;
  name: string;
  isOpen: boolean;
  onClose: () => void;
}

export function DeleteDialog({ id, name, isOpen, onClose }: DeleteDialogProps): ReactElement {
  const remove = useDeleteWorkflow();
  const toast = useToast();
  const confirm = () =>
    remove.mutate(id, {
      onSuccess: () => toast({ tone: 'success', text: `Deleted “${name}”.` }),
      onError: ({ message }) => toast({ tone: 'failure', text: message }),
      onSettled: onClose,
    });
  return (
    <Dialog
      title="Delete this workflow?"
      size="small"
      isOpen={isOpen}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button variant="danger" icon="trash" isBusy={remove.isPending} onClick={confirm}>
            Delete
          </Button>
        </>
      }
    >
      <p>“{name}” leaves the list. Its runs, and what they ran, stay readable.</p>
    </Dialog>
  );
}
