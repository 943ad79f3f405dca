import type { ExecutionDetails } from '@weft/client';
import type { ReactElement } from 'react';
import { CopyableId } from '../ui/copyable-id.tsx';
import { StatusBadge } from '../ui/status-badge.tsx';
import { Duration, RelativeTime } from '../ui/time.tsx';
import { live, pauseAt, runStatusAt } from './model/moment.ts';
import type { RunModel } from './model/records.ts';
import { waitText } from './model/waiting.ts';
import { TargetLink } from './navigation.tsx';
import { QueuePlace } from './queue-place.tsx';
import { RunActions } from './run-actions.tsx';

export interface RunHeaderProps {
  executionId: string;
  run: RunModel;
  details: ExecutionDetails | undefined;
  sequence: number;
  isCaughtUp: boolean;
}

/** What the run is of, how it stands, and what can be done with it. */
export function RunHeader({ executionId, run, details, sequence, isCaughtUp }: RunHeaderProps): ReactElement {
  const workflow = details?.workflow;
  const pause = run.end !== null && run.end.sequence <= sequence ? null : pauseAt(run, sequence);
  const parent = details?.parent;
  const startedAt = run.startedAt === null ? null : new Date(run.startedAt).toISOString();
  const endedAt = run.end === null ? (details?.finishedAt ?? null) : new Date(run.end.at).toISOString();
  return (
    <header className="weft-run__header">
      <div className="weft-run__title">
        <h1>
          {workflow ? (
            <TargetLink target={{ kind: 'workflow', workflowId: workflow.id }}>{workflow.name}</TargetLink>
          ) : details === undefined ? (
            'Run'
          ) : (
            'Python run'
          )}
        </h1>
        <StatusBadge
          status={isCaughtUp || sequence !== live || !details ? runStatusAt(run, sequence) : details.status}
        />
        {pause && <span className="weft-run__until">{waitText(pause, Date.now())}</span>}
        {sequence !== live && <span className="weft-run__past">as it stood then</span>}
      </div>
      <p className="weft-run__facts">
        {details?.version && <span>Version {details.version.number}</span>}
        {startedAt !== null && <Duration from={startedAt} until={endedAt} />}
        {run.queuedAt !== null && (
          <span>
            Started <RelativeTime at={run.startedAt ?? run.queuedAt} />
          </span>
        )}
        {details?.retryOf && (
          <TargetLink target={{ kind: 'run', executionId: details.retryOf.id }}>
            Retry of an earlier run
          </TargetLink>
        )}
        {details?.schedule && (
          <span>
            Started by the schedule{' '}
            <TargetLink target={{ kind: 'schedule', scheduleId: details.schedule.id }}>
              {details.schedule.name}
            </TargetLink>
          </span>
        )}
        {details?.webhook && (
          <span>
            Started by the webhook{' '}
            <TargetLink target={{ kind: 'webhook', webhookId: details.webhook.id }}>
              {details.webhook.name}
            </TargetLink>
          </span>
        )}
        {details?.partial && (
          <span>
            Part of the workflow
            {details.partial.from.length > 0 && `, from ${details.partial.from.join(', ')}`}
            {details.partial.to.length > 0 && `, to ${details.partial.to.join(', ')}`}
          </span>
        )}
        {Object.entries(details?.labels ?? {}).map(([name, value]) => (
          <TargetLink
            key={name}
            className="weft-run__label"
            target={{ kind: 'runs', label: `${name}=${value}` }}
          >
            {name}={value}
          </TargetLink>
        ))}
        {parent && (
          <span>
            Started by node {parent.nodeKey}
            {parent.item !== null && ` [${parent.item}]`} of{' '}
            <TargetLink
              className="weft-run__origin"
              target={{ kind: 'run', executionId: parent.execution.id }}
            >
              {parent.execution.workflow?.name ?? 'a run'}
            </TargetLink>
          </span>
        )}
        {!isCaughtUp && <span>Reading its journal …</span>}
        <CopyableId id={executionId} of="run" />
      </p>
      {run.startedAt === null && run.end === null && <QueuePlace executionId={executionId} />}
      <div className="weft-run__actions">
        <RunActions executionId={executionId} run={run} details={details} />
      </div>
    </header>
  );
}
