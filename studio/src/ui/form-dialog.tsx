import { type ReactElement, type ReactNode, useId } from 'react';
import { Button } from './button.tsx';
import { Dialog, type DialogProps } from './dialog.tsx';
import { Callout } from './feedback.tsx';
import './form-dialog.css';

export interface FormDialogProps extends Pick<DialogProps, 'title' | 'onClose' | 'size'> {
  /** What the button at its foot says. */
  action: ReactNode;
  onSubmit: () => void;
  isBusy?: boolean;
  isDisabled?: boolean;
  /** What is wrong with no field of its own. */
  fault?: string | undefined;
  /** The fields. */
  children: ReactNode;
}

/** A dialog that is open, with a form: Enter and the button submit it. */
export function FormDialog({
  action,
  onSubmit,
  isBusy = false,
  isDisabled = false,
  fault,
  children,
  ...dialog
}: FormDialogProps): ReactElement {
  const formId = useId();
  return (
    <Dialog
      {...dialog}
      isOpen
      actions={
        <Button type="submit" form={formId} variant="primary" isBusy={isBusy} disabled={isDisabled}>
          {action}
        </Button>
      }
    >
      <form
        id={formId}
        className="weft-form-dialog"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
        {fault && <Callout tone="failure" title={fault} />}
      </form>
    </Dialog>
  );
}
