import type { Webhook, WebhookRequest } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { messageOf } from '../data/executions.ts';
import { useWebhookChange, useWebhookRequests } from '../data/webhooks.ts';
import { TargetLink } from '../run/navigation.tsx';
import { Button } from '../ui/button.tsx';
import { CodeText } from '../ui/code-text.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { Badge } from '../ui/status-badge.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { MomentTime } from '../ui/time.tsx';
import { useToast } from '../ui/toast.tsx';
import { answerOf, isRecording, respondLabels, takesOf } from './webhook-words.ts';

const HOUR_MS = 3_600_000;

/** A dialog that is open: what a webhook takes, and the last requests, while they come. */
export function WebhookDetails({
  webhook: given,
  onClose,
  onReplayed,
}: {
  webhook: Webhook;
  onClose: () => void;
  onReplayed: (executionId: string) => void;
}): ReactElement {
  const toast = useToast();
  const onError = (error: Error) => toast({ tone: 'failure', text: messageOf(error) });
  const { data, error } = useWebhookRequests(given.id);
  const [shownId, setShownId] = useState<string | null>(null);
  const record = useWebhookChange((client, recordUntil: string | null) =>
    client.webhooks.update(given.id, { recordUntil }),
  );
  const replay = useWebhookChange((client, requestId: string) => client.webhooks.replay(given.id, requestId));
  const webhook = record.data ?? given;
  const shown = data?.find(({ id }) => id === shownId);
  const recording = isRecording(webhook);
  return (
    <Dialog
      title={webhook.name}
      isOpen
      onClose={onClose}
      size="large"
      actions={
        <Button
          isBusy={record.isPending}
          onClick={() =>
            record.mutate(recording ? null : new Date(Date.now() + HOUR_MS).toISOString(), { onError })
          }
        >
          {recording ? 'Stop recording' : 'Record for an hour'}
        </Button>
      }
    >
      <p>
        Takes <strong>{takesOf(webhook)}</strong>. Answers: {respondLabels[webhook.respond].toLowerCase()}.
        {recording && ' Headers and bodies are recorded.'}
      </p>
      {error && <Callout tone="failure" title={`Could not read the last requests: ${error.message}`} />}
      {data === undefined ? (
        <SkeletonRows />
      ) : data.length === 0 ? (
        <p className="weft-muted">No request has come yet.</p>
      ) : (
        <Table label="Last requests" columns={columnsOf(setShownId)} rows={data} rowKey={({ id }) => id} />
      )}
      {shown && (
        <Recorded
          request={shown}
          isBusy={replay.isPending}
          onReplay={() =>
            replay.mutate(shown.id, { onError, onSuccess: ({ id }: { id: string }) => onReplayed(id) })
          }
        />
      )}
    </Dialog>
  );
}

function Recorded({
  request: { query, headers, body, bodyEncoding, bodyBytes },
  isBusy,
  onReplay,
}: {
  request: WebhookRequest;
  isBusy: boolean;
  onReplay: () => void;
}): ReactElement {
  return (
    <section aria-label="What was recorded">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <pre className="weft-webhook__request" tabIndex={0}>
        {[
          query ? `?${query}\n` : '',
          ...Object.entries(headers as Record<string, string>).map(([name, value]) => `${name}: ${value}\n`),
          '\n',
          body ?? (bodyBytes === null ? '(the body was not read)' : ''),
          bodyEncoding === null ? '' : ` (${bodyEncoding})`,
        ].join('')}
      </pre>
      <Button icon="play" isBusy={isBusy} onClick={onReplay}>
        Start again with this request
      </Button>
    </section>
  );
}

function columnsOf(onShow: (id: string) => void): readonly Column<WebhookRequest>[] {
  return [
    { id: 'time', header: 'Time', cell: ({ receivedAt }) => <MomentTime at={receivedAt} /> },
    { id: 'method', header: 'Method', width: '6rem', cell: ({ method }) => <code>{method}</code> },
    {
      id: 'answer',
      header: 'Answer',
      width: '9rem',
      cell: (request) => <Badge tone={answerOf(request).tone}>{answerOf(request).label}</Badge>,
    },
    {
      id: 'run',
      header: 'Run',
      cell: ({ execution, reason, code }) => (
        <>
          {execution && (
            <TargetLink target={{ kind: 'run', executionId: execution.id }}>Open the run</TargetLink>
          )}
          {reason && (
            <div className="weft-muted">
              {code && <code>{code}</code>} <CodeText text={reason} />
            </div>
          )}
        </>
      ),
    },
    {
      id: 'show',
      header: <span className="weft-hidden">What was recorded</span>,
      width: '5rem',
      align: 'end',
      cell: ({ id, headers }) =>
        headers === null ? null : (
          <Button variant="ghost" size="small" onClick={() => onShow(id)}>
            Show
          </Button>
        ),
    },
  ];
}
