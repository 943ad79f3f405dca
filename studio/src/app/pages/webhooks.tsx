import type { Webhook, WebhookWithUrl } from '@weft/client';
import { type ReactElement, useMemo, useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { messageOf } from '../../data/executions.ts';
import { useWebhook, useWebhookChange, useWebhooks } from '../../data/webhooks.ts';
import { Outgoing } from '../../deliveries/outgoing.tsx';
import { NavigationProvider, type NavigationTarget, TargetLink } from '../../run/navigation.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { EmptyState, SkeletonRows } from '../../ui/feedback.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Menu } from '../../ui/menu.tsx';
import { MoreOnScroll } from '../../ui/more-on-scroll.tsx';
import { Badge } from '../../ui/status-badge.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useToast } from '../../ui/toast.tsx';
import { NewAddress } from '../../webhooks/new-address.tsx';
import { WebhookDetails } from '../../webhooks/webhook-details.tsx';
import { WebhookDialog } from '../../webhooks/webhook-dialog.tsx';
import { takesOf } from '../../webhooks/webhook-words.ts';
import '../../webhooks/webhooks.css';
import { Card, LoadFailed, Page } from '../page.tsx';
import { pathOf } from '../paths.ts';

/** What is open beside the list. */
type Open = { kind: 'new' } | { kind: 'edit' | 'details' | 'rotate' | 'delete'; webhook: Webhook };

const tabs = [
  { id: 'incoming', label: 'Incoming' },
  { id: 'outgoing', label: 'Outgoing' },
] as const;

/** The tab is in the address, and what a run leads to, so that reload, back and a link to it work. */
export default function WebhooksPage(): ReactElement {
  const [, navigate] = useLocation();
  const navigation = useMemo(
    () => ({ hrefOf: pathOf, onNavigate: (target: NavigationTarget) => navigate(pathOf(target)) }),
    [navigate],
  );
  const [params, setParams] = useSearchParams();
  const tab = params.get('tab') === 'outgoing' ? 'outgoing' : 'incoming';
  const [isNewEndpoint, setIsNewEndpoint] = useState(false);
  const list = useWebhooks();
  const named = params.get('webhook');
  const { data: linked } = useWebhook(named);
  const [chosen, setOpen] = useState<Open | null>(null);
  const open: Open | null =
    chosen ?? (named !== null && linked ? { kind: 'details', webhook: linked } : null);
  const close = () => {
    setOpen(null);
    if (named !== null) setParams({}, { replace: true });
  };
  const toast = useToast();
  const enable = useWebhookChange((client, { id, isEnabled }: Webhook) =>
    client.webhooks.update(id, { isEnabled: !isEnabled }),
  );
  const toggle = (webhook: Webhook) =>
    enable.mutate(webhook, { onError: (error) => toast({ tone: 'failure', text: messageOf(error) }) });
  const newButton = (
    <Button variant="primary" icon="plus" onClick={() => setOpen({ kind: 'new' })}>
      New webhook
    </Button>
  );
  const rows = list.data;
  return (
    <NavigationProvider value={navigation}>
      <Page
        title="Webhooks"
        description={
          tab === 'incoming'
            ? 'Addresses at which requests from outside start workflows.'
            : 'Where signed requests say what happens to runs.'
        }
        actions={
          tab === 'incoming' ? (
            newButton
          ) : (
            <Button variant="primary" icon="plus" onClick={() => setIsNewEndpoint(true)}>
              New endpoint
            </Button>
          )
        }
      >
        <Tabs
          label="Webhooks"
          tabs={tabs}
          selected={tab}
          onSelect={(id) => setParams(id === 'incoming' ? {} : { tab: id })}
        >
          {tab === 'outgoing' ? (
            <Card>
              <Outgoing
                isNew={isNewEndpoint}
                onNew={() => setIsNewEndpoint(true)}
                onClosed={() => setIsNewEndpoint(false)}
              />
            </Card>
          ) : list.error && rows === undefined ? (
            <LoadFailed what="the webhooks" error={list.error} onRetry={list.refetch} />
          ) : (
            <Card>
              {rows === undefined ? (
                <SkeletonRows />
              ) : rows.length === 0 ? (
                <EmptyState icon="arrowIn" title="No webhooks yet" actions={newButton}>
                  A webhook gives a workflow an address. GitHub, Stripe or a program of yours sends requests
                  there, and each starts a run.
                </EmptyState>
              ) : (
                <Table
                  label="Webhooks"
                  columns={columnsOf(setOpen, toggle)}
                  rows={rows}
                  rowKey={({ id }) => id}
                />
              )}
            </Card>
          )}
        </Tabs>
        {tab === 'incoming' && <MoreOnScroll {...list} />}
        {open?.kind === 'new' && <WebhookDialog webhook={null} onClose={close} />}
        {open?.kind === 'edit' && <WebhookDialog webhook={open.webhook} onClose={close} />}
        {open?.kind === 'details' && (
          <WebhookDetails
            webhook={open.webhook}
            onClose={close}
            onReplayed={(executionId) => {
              close();
              navigate(pathOf({ kind: 'run', executionId }));
            }}
          />
        )}
        {open?.kind === 'rotate' && <RotateAddress webhook={open.webhook} onClose={close} />}
        {open?.kind === 'delete' && <DeleteWebhook webhook={open.webhook} onClose={close} />}
      </Page>
    </NavigationProvider>
  );
}

const graces: readonly [seconds: number, label: string][] = [
  [0, 'at once'],
  [3_600, 'in an hour'],
  [86_400, 'in a day'],
  [604_800, 'in a week'],
];

function RotateAddress({ webhook, onClose }: { webhook: Webhook; onClose: () => void }): ReactElement {
  const [graceSeconds, setGraceSeconds] = useState(0);
  const [rotated, setRotated] = useState<WebhookWithUrl | null>(null);
  const toast = useToast();
  const rotate = useWebhookChange((client, id: string) => client.webhooks.rotateSecret(id, { graceSeconds }));
  if (rotated !== null) return <NewAddress webhook={rotated} onClose={onClose} />;
  return (
    <Dialog
      title={`A new address for ${webhook.name}`}
      isOpen
      onClose={onClose}
      size="small"
      actions={
        <Button
          variant="primary"
          isBusy={rotate.isPending}
          onClick={() =>
            rotate.mutate(webhook.id, {
              onSuccess: setRotated,
              onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
            })
          }
        >
          Make it
        </Button>
      }
    >
      <Field label="The former address ends">
        {(control) => (
          <Select
            {...control}
            value={graceSeconds}
            onChange={(event) => setGraceSeconds(Number(event.target.value))}
          >
            {graces.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </Dialog>
  );
}

function DeleteWebhook({ webhook, onClose }: { webhook: Webhook; onClose: () => void }): ReactElement {
  const toast = useToast();
  const remove = useWebhookChange((client, id: string) => client.webhooks.delete(id));
  return (
    <ConfirmDialog
      title={`Delete ${webhook.name}?`}
      action="Delete"
      isBusy={remove.isPending}
      onConfirm={() =>
        remove.mutate(webhook.id, {
          onSuccess: onClose,
          onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
        })
      }
      onClose={onClose}
    >
      Its address ends. The runs that it has started stay, and go on.
    </ConfirmDialog>
  );
}

function columnsOf(
  open: (what: Open) => void,
  toggle: (webhook: Webhook) => void,
): readonly Column<Webhook>[] {
  return [
    {
      id: 'name',
      header: 'Webhook',
      cell: (webhook) => (
        <>
          <Button variant="ghost" size="small" onClick={() => open({ kind: 'details', webhook })}>
            {webhook.name}
          </Button>
          <div className="weft-muted">
            {webhook.workflow === null ? (
              'A workflow that was deleted'
            ) : (
              <TargetLink target={{ kind: 'workflow', workflowId: webhook.workflow.id }}>
                {webhook.workflow.name}
              </TargetLink>
            )}
          </div>
        </>
      ),
    },
    { id: 'takes', header: 'Takes', priority: 2, cell: (webhook) => takesOf(webhook) },
    {
      id: 'state',
      header: 'State',
      width: '8rem',
      cell: ({ isEnabled }) =>
        isEnabled ? <Badge tone="success">On</Badge> : <Badge tone="waiting">Off</Badge>,
    },
    {
      id: 'actions',
      header: <span className="weft-hidden">Actions</span>,
      width: '4rem',
      align: 'end',
      cell: (webhook) => (
        <Menu
          label={`Actions of ${webhook.name}`}
          isIconOnly
          variant="ghost"
          size="small"
          items={[
            {
              label: 'Last requests',
              icon: 'history',
              onSelect: () => open({ kind: 'details', webhook }),
            },
            { label: 'Change', icon: 'edit', onSelect: () => open({ kind: 'edit', webhook }) },
            webhook.isEnabled
              ? { label: 'Turn off', icon: 'stop', onSelect: () => toggle(webhook) }
              : { label: 'Turn on', icon: 'play', onSelect: () => toggle(webhook) },
            { label: 'New address', icon: 'refresh', onSelect: () => open({ kind: 'rotate', webhook }) },
            {
              label: 'Delete',
              icon: 'trash',
              isDanger: true,
              onSelect: () => open({ kind: 'delete', webhook }),
            },
          ]}
        />
      ),
    },
  ];
}
