import { type ReactElement, useEffect, useRef, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';

/**
 * Asks before unsaved work is left, by a link or by closing the window. It knows no router: it holds back the click on a
 * link, and clicks again once somebody has decided.
 */
export function LeaveWarning({ isDirty }: { isDirty: boolean }): ReactElement {
  const [target, setTarget] = useState<HTMLAnchorElement | null>(null);
  const allowed = useRef<HTMLAnchorElement | null>(null);
  useEffect(() => {
    if (!isDirty) return;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    const onClick = (event: MouseEvent) => {
      const link = (event.target as Element).closest<HTMLAnchorElement>('a[href]');
      const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (link === null || !isPlain || link.target === '_blank' || link === allowed.current) return;
      if (link.origin !== location.origin || link.hash !== '') return;
      event.preventDefault();
      event.stopPropagation();
      setTarget(link);
    };
    addEventListener('beforeunload', onUnload);
    document.addEventListener('click', onClick, { capture: true });
    return () => {
      removeEventListener('beforeunload', onUnload);
      document.removeEventListener('click', onClick, { capture: true });
    };
  }, [isDirty]);

  const leave = () => {
    allowed.current = target;
    setTarget(null);
    target?.click();
  };
  return (
    <Dialog
      title="Leave with unsaved changes?"
      size="small"
      isOpen={target !== null}
      onClose={() => setTarget(null)}
      actions={
        <>
          <Button onClick={leave}>Leave</Button>
          <Button variant="primary" onClick={() => setTarget(null)}>
            Stay
          </Button>
        </>
      }
    >
      <p>They are kept in this browser, and offered when you open the workflow again.</p>
    </Dialog>
  );
}
