import type { WebhookEndpoint, WebhookEndpointWithSecret } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { LoadFailed } from '../app/page.tsx';
import { useEndpointChange, useEndpoints } from '../data/deliveries.ts';
import { messageOf } from '../data/executions.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { EmptyState, SkeletonRows } from '../ui/feedback.tsx';
import { Menu } from '../ui/menu.tsx';
import { MoreOnScroll } from '../ui/more-on-scroll.tsx';
import { Badge } from '../ui/status-badge.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { useToast } from '../ui/toast.tsx';
import { stateOf, typeLabels } from './delivery-words.ts';
import { EndpointDetails } from './endpoint-details.tsx';
import { EndpointDialog } from './endpoint-dialog.tsx';
import { NewSecret } from './new-secret.tsx';
import './deliveries.css';

type Open = { kind: 'edit' | 'details' | 'rotate' | 'delete'; endpoint: WebhookEndpoint };

/** Where changes are sent to. */
export function Outgoing({
  isNew,
  onNew,
  onClosed,
}: {
  isNew: boolean;
  onNew: () => void;
  onClosed: () => void;
}): ReactElement {
  const list = useEndpoints();
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const toast = useToast();
  const enable = useEndpointChange((client, { id, isEnabled }: WebhookEndpoint) =>
    client.webhookEndpoints.update(id, { isEnabled: !isEnabled }),
  );
  const toggle = (endpoint: WebhookEndpoint) =>
    enable.mutate(endpoint, { onError: (error) => toast({ tone: 'failure', text: messageOf(error) }) });
  const rows = list.data;
  if (list.error && rows === undefined)
    return <LoadFailed what="the endpoints" error={list.error} onRetry={list.refetch} />;
  return (
    <>
      {rows === undefined ? (
        <SkeletonRows />
      ) : rows.length === 0 ? (
        <EmptyState
          icon="arrowIn"
          title="No endpoints yet"
          actions={
            <Button variant="primary" icon="plus" onClick={onNew}>
              New endpoint
            </Button>
          }
        >
          An endpoint is an address of yours. When runs end, fail or wait for somebody, a signed request goes
          there, again and again until it is accepted.
        </EmptyState>
      ) : (
        <Table label="Endpoints" columns={columnsOf(setOpen, toggle)} rows={rows} rowKey={({ id }) => id} />
      )}
      <MoreOnScroll {...list} />
      {isNew && <EndpointDialog endpoint={null} onClose={onClosed} />}
      {open?.kind === 'edit' && <EndpointDialog endpoint={open.endpoint} onClose={close} />}
      {open?.kind === 'details' && <EndpointDetails endpoint={open.endpoint} onClose={close} />}
      {open?.kind === 'rotate' && <RotateSecret endpoint={open.endpoint} onClose={close} />}
      {open?.kind === 'delete' && <DeleteEndpoint endpoint={open.endpoint} onClose={close} />}
    </>
  );
}

function RotateSecret({
  endpoint,
  onClose,
}: {
  endpoint: WebhookEndpoint;
  onClose: () => void;
}): ReactElement {
  const [rotated, setRotated] = useState<WebhookEndpointWithSecret | null>(null);
  const toast = useToast();
  const rotate = useEndpointChange((client, id: string) => client.webhookEndpoints.rotateSecret(id));
  if (rotated !== null) return <NewSecret endpoint={rotated} onClose={onClose} />;
  return (
    <ConfirmDialog
      title={`A new secret for ${endpoint.name}?`}
      action="Make it"
      isBusy={rotate.isPending}
      onConfirm={() =>
        rotate.mutate(endpoint.id, {
          onSuccess: setRotated,
          onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
        })
      }
      onClose={onClose}
    >
      For a day, requests are signed with the former secret as well. Give the new one to the receiver until
      then.
    </ConfirmDialog>
  );
}

function DeleteEndpoint({
  endpoint,
  onClose,
}: {
  endpoint: WebhookEndpoint;
  onClose: () => void;
}): ReactElement {
  const toast = useToast();
  const remove = useEndpointChange((client, id: string) => client.webhookEndpoints.delete(id));
  return (
    <ConfirmDialog
      title={`Delete ${endpoint.name}?`}
      action="Delete"
      isBusy={remove.isPending}
      onConfirm={() =>
        remove.mutate(endpoint.id, {
          onSuccess: onClose,
          onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
        })
      }
      onClose={onClose}
    >
      Nothing more is sent to it, and its log is deleted.
    </ConfirmDialog>
  );
}

function columnsOf(
  open: (what: Open) => void,
  toggle: (endpoint: WebhookEndpoint) => void,
): readonly Column<WebhookEndpoint>[] {
  return [
    {
      id: 'name',
      header: 'Endpoint',
      cell: (endpoint) => (
        <>
          <Button variant="ghost" size="small" onClick={() => open({ kind: 'details', endpoint })}>
            {endpoint.name}
          </Button>
          <div className="weft-muted weft-deliveries__url">{endpoint.url}</div>
        </>
      ),
    },
    {
      id: 'types',
      header: 'Sends when',
      priority: 2,
      cell: ({ types }) => types.map((type) => typeLabels[type]).join(', '),
    },
    {
      id: 'state',
      header: 'State',
      width: '8rem',
      cell: (endpoint) => <Badge tone={stateOf(endpoint).tone}>{stateOf(endpoint).label}</Badge>,
    },
    {
      id: 'actions',
      header: <span className="weft-hidden">Actions</span>,
      width: '4rem',
      align: 'end',
      cell: (endpoint) => (
        <Menu
          label={`Actions of ${endpoint.name}`}
          isIconOnly
          variant="ghost"
          size="small"
          items={[
            { label: 'Deliveries', icon: 'history', onSelect: () => open({ kind: 'details', endpoint }) },
            { label: 'Change', icon: 'edit', onSelect: () => open({ kind: 'edit', endpoint }) },
            endpoint.isEnabled
              ? { label: 'Turn off', icon: 'stop', onSelect: () => toggle(endpoint) }
              : { label: 'Turn on', icon: 'play', onSelect: () => toggle(endpoint) },
            { label: 'New secret', icon: 'refresh', onSelect: () => open({ kind: 'rotate', endpoint }) },
            {
              label: 'Delete',
              icon: 'trash',
              isDanger: true,
              onSelect: () => open({ kind: 'delete', endpoint }),
            },
          ]}
        />
      ),
    },
  ];
}
