import type { WebhookDelivery, WebhookEndpoint } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { useDeliveries, useEndpointChange } from '../data/deliveries.ts';
import { messageOf } from '../data/executions.ts';
import { TargetLink } from '../run/navigation.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { Badge } from '../ui/status-badge.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { MomentTime } from '../ui/time.tsx';
import { useToast } from '../ui/toast.tsx';
import { outcomeOf } from './delivery-words.ts';

/** A dialog that is open: what was sent to an endpoint, while it is sent. */
export function EndpointDetails({
  endpoint,
  onClose,
}: {
  endpoint: WebhookEndpoint;
  onClose: () => void;
}): ReactElement {
  const toast = useToast();
  const onError = (error: Error) => toast({ tone: 'failure', text: messageOf(error) });
  const { data, error } = useDeliveries(endpoint.id);
  const [shownId, setShownId] = useState<string | null>(null);
  const test = useEndpointChange((client, id: string) => client.webhookEndpoints.test(id));
  const redeliver = useEndpointChange((client, id: string) => client.deliveries.redeliver(id));
  const shown = data?.find(({ id }) => id === shownId);
  return (
    <Dialog
      title={endpoint.name}
      isOpen
      onClose={onClose}
      size="large"
      actions={
        <Button icon="play" isBusy={test.isPending} onClick={() => test.mutate(endpoint.id, { onError })}>
          Send a sample
        </Button>
      }
    >
      <p className="weft-webhook__address">
        <code>{endpoint.url}</code>
      </p>
      {endpoint.disabledReason && (
        <Callout tone="failure" title={`It was turned off. ${endpoint.disabledReason}`} />
      )}
      {error && <Callout tone="failure" title={`Could not read what was sent: ${error.message}`} />}
      {data === undefined ? (
        <SkeletonRows />
      ) : data.length === 0 ? (
        <p className="weft-muted">Nothing has been sent yet.</p>
      ) : (
        <Table label="Deliveries" columns={columnsOf(setShownId)} rows={data} rowKey={({ id }) => id} />
      )}
      {shown && (
        <Sent
          delivery={shown}
          isBusy={redeliver.isPending}
          onRedeliver={() => redeliver.mutate(shown.id, { onError })}
        />
      )}
    </Dialog>
  );
}

function Sent({
  delivery: { messageId, payload, attempts, nextAttemptAt },
  isBusy,
  onRedeliver,
}: {
  delivery: WebhookDelivery;
  isBusy: boolean;
  onRedeliver: () => void;
}): ReactElement {
  return (
    <section aria-label="What was sent">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <pre className="weft-webhook__request" tabIndex={0}>
        {`webhook-id: ${messageId}\n\n${JSON.stringify(JSON.parse(payload), null, 2)}`}
      </pre>
      <ol className="weft-deliveries__attempts">
        {attempts.map(({ number, startedAt, durationMs, httpStatus, error, response }) => (
          <li key={number}>
            <MomentTime at={startedAt} /> {httpStatus ?? 'no response'}
            {durationMs !== null && ` in ${durationMs} ms`}
            {error && <div className="weft-muted">{error}</div>}
            {response && <pre className="weft-deliveries__response">{response.slice(0, 500)}</pre>}
          </li>
        ))}
      </ol>
      {nextAttemptAt !== null && (
        <p className="weft-muted">
          The next attempt: <MomentTime at={nextAttemptAt} />
        </p>
      )}
      <Button icon="refresh" isBusy={isBusy} onClick={onRedeliver}>
        Send it again
      </Button>
    </section>
  );
}

function columnsOf(onShow: (id: string) => void): readonly Column<WebhookDelivery>[] {
  return [
    { id: 'time', header: 'Time', cell: ({ createdAt }) => <MomentTime at={createdAt} /> },
    {
      id: 'type',
      header: 'What',
      cell: ({ type, executionId }) => (
        <>
          <code>{type}</code>
          {executionId && (
            <div>
              <TargetLink target={{ kind: 'run', executionId }}>Open the run</TargetLink>
            </div>
          )}
        </>
      ),
    },
    {
      id: 'outcome',
      header: 'Outcome',
      width: '9rem',
      cell: (delivery) => <Badge tone={outcomeOf(delivery).tone}>{outcomeOf(delivery).label}</Badge>,
    },
    {
      id: 'show',
      header: <span className="weft-hidden">What was sent</span>,
      width: '5rem',
      align: 'end',
      cell: ({ id }) => (
        <Button variant="ghost" size="small" onClick={() => onShow(id)}>
          Show
        </Button>
      ),
    },
  ];
}
