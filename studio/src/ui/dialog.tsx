import { type ReactElement, type ReactNode, useEffect, useId, useRef } from 'react';
import { IconButton } from './button.tsx';
import './dialog.css';

export interface DialogProps {
  title: ReactNode;
  isOpen: boolean;
  /** Escape, a click beside it, or the cross: the caller sets `isOpen` to false. */
  onClose: () => void;
  /** The buttons at its foot. */
  actions?: ReactNode;
  size?: 'small' | 'medium' | 'large' | 'full';
  children: ReactNode;
}

/** A native modal dialog: the browser keeps the focus in it and puts it back. Its contents exist while it is open. */
export function Dialog({
  title,
  isOpen,
  onClose,
  actions,
  size = 'medium',
  children,
}: DialogProps): ReactElement {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    if (isOpen && !ref.current?.open) ref.current?.showModal();
    if (!isOpen && ref.current?.open) ref.current.close();
  }, [isOpen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it too
    <dialog
      ref={ref}
      className={`weft-dialog weft-dialog--${size}`}
      aria-labelledby={titleId}
      onClose={() => isOpen && onClose()}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      {isOpen && (
        <div className="weft-dialog__box">
          <header className="weft-dialog__header">
            <h2 id={titleId}>{title}</h2>
            <IconButton icon="close" label="Close" size="small" onClick={onClose} />
          </header>
          <div className="weft-dialog__body">{children}</div>
          {actions && <footer className="weft-dialog__actions">{actions}</footer>}
        </div>
      )}
    </dialog>
  );
}
