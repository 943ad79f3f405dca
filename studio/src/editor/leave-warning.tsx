import { type ReactElement, useEffect, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { type Ask, guardHistory } from '../ui/history-guard.ts';

/**
 * Asks before unsaved work is left: by a link, by the browser's Back and Forward, or by closing the window. It knows no
 * router: it holds back the event that the router would follow, and lets it happen again once somebody has decided.
 */
export function LeaveWarning({ isDirty }: { isDirty: boolean }): ReactElement {
  const [leave, setLeave] = useState<(() => void) | null>(null);
  useEffect(() => {
    if (!isDirty) return;
    const held = new AbortController();
    const ask: Ask = (goOn) =>
      setLeave(() => () => {
        held.abort();
        goOn();
      });
    holdUnload(held.signal);
    holdLinks(held.signal, ask);
    guardHistory(held.signal, ask);
    return () => held.abort();
  }, [isDirty]);
  return (
    <Dialog
      title="Leave with unsaved changes?"
      size="small"
      isOpen={leave !== null}
      onClose={() => setLeave(null)}
      actions={
        <>
          <Button
            onClick={() => {
              setLeave(null);
              leave?.();
            }}
          >
            Leave
          </Button>
          <Button variant="primary" onClick={() => setLeave(null)}>
            Stay
          </Button>
        </>
      }
    >
      <p>They are kept in this browser, and offered when you open the workflow again.</p>
    </Dialog>
  );
}

/** The window closes, or goes to another document: the browser asks in its own words. */
function holdUnload(signal: AbortSignal): void {
  addEventListener('beforeunload', (event) => event.preventDefault(), { signal });
}

function holdLinks(signal: AbortSignal, ask: Ask): void {
  const onClick = (event: MouseEvent) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>('a[href]');
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (link === null || !isPlain || link.target === '_blank') return;
    if (link.origin !== location.origin || link.hash !== '') return;
    event.preventDefault();
    event.stopPropagation();
    ask(() => link.click());
  };
  document.addEventListener('click', onClick, { capture: true, signal });
}
