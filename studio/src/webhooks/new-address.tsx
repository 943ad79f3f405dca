import type { WebhookWithUrl } from '@weft/client';
import type { ReactElement } from 'react';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Dialog } from '../ui/dialog.tsx';

/** A dialog that is open: the address of a webhook, this once. */
export function NewAddress({
  webhook,
  onClose,
}: {
  webhook: WebhookWithUrl;
  onClose: () => void;
}): ReactElement {
  return (
    <Dialog
      title={`The address of ${webhook.name}`}
      isOpen
      onClose={onClose}
      actions={
        <Button variant="primary" onClick={onClose}>
          I have kept it
        </Button>
      }
    >
      <p>
        It is shown this once, and whoever knows it may call the webhook: the server keeps only a hash of it.
      </p>
      <p className="weft-webhook__address">
        <code>{webhook.url}</code>
        <CopyButton text={webhook.url} label="Copy the address" />
      </p>
      <p className="weft-muted">
        Where the server is known to the outside by another name, put that in front of <code>/hooks/…</code>.
      </p>
    </Dialog>
  );
}
