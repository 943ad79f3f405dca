import type { ReactElement, ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';

export interface ConfirmDialogProps {
  /** The question, such as `Delete Nightly report?` */
  title: string;
  /** What the button says: `Delete`. */
  action: string;
  isBusy: boolean;
  onConfirm: () => void;
  onClose: () => void;
  /** What it means. */
  children: ReactNode;
}

/** A dialog that is open, before something that cannot be taken back. */
export function ConfirmDialog({
  title,
  action,
  isBusy,
  onConfirm,
  onClose,
  children,
}: ConfirmDialogProps): ReactElement {
  return (
    <Dialog
      title={title}
      isOpen
      onClose={onClose}
      size="small"
      actions={
        <Button variant="danger" isBusy={isBusy} onClick={onConfirm}>
          {action}
        </Button>
      }
    >
      <p>{children}</p>
    </Dialog>
  );
}
