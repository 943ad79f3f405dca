import type { WebhookEndpointWithSecret } from '@weft/client';
import type { ReactElement } from 'react';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Dialog } from '../ui/dialog.tsx';

/** A dialog that is open: the signing secret of an endpoint, this once. */
export function NewSecret({
  endpoint,
  onClose,
}: {
  endpoint: WebhookEndpointWithSecret;
  onClose: () => void;
}): ReactElement {
  return (
    <Dialog
      title={`The secret of ${endpoint.name}`}
      isOpen
      onClose={onClose}
      actions={
        <Button variant="primary" onClick={onClose}>
          I have kept it
        </Button>
      }
    >
      <p>Each request is signed with it. It is shown this once: give it to the receiver.</p>
      <p className="weft-webhook__address">
        <code>{endpoint.secret}</code>
        <CopyButton text={endpoint.secret} label="Copy the secret" />
      </p>
    </Dialog>
  );
}
