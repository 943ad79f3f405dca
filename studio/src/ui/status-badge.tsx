import type { ExecutionStatus, NodeExecutionStatus } from '@weft/client';
import type { ReactElement, ReactNode } from 'react';
import { Icon, type IconName } from './icon.tsx';
import './status-badge.css';

export type AnyStatus = ExecutionStatus | NodeExecutionStatus;

/** A word or two with the colour of a status. */
export function Badge({ tone, children }: { tone: StatusTone; children: ReactNode }): ReactElement {
  return <span className={`weft-badge weft-badge--${tone}`}>{children}</span>;
}

/** The status of a run or a node as icon and word; colour alone would not do. */
export function StatusBadge({
  status,
  isIconOnly,
}: {
  status: AnyStatus;
  isIconOnly?: boolean;
}): ReactElement {
  const { label, tone } = looks[status];
  return (
    <Badge tone={tone}>
      <StatusIcon status={status} />
      <span className={isIconOnly ? 'weft-hidden' : undefined}>{label}</span>
    </Badge>
  );
}

export function StatusIcon({ status, size = 14 }: { status: AnyStatus; size?: number }): ReactElement {
  if (status === 'RUNNING') return <span className="weft-spinner" aria-hidden="true" />;
  return <Icon name={looks[status].icon} size={size} />;
}

/** How a status is named in the console. */
export function statusLabel(status: AnyStatus): string {
  return looks[status].label;
}

export type StatusTone = 'neutral' | 'running' | 'waiting' | 'success' | 'failure' | 'reused';

/** The colour of a status: `--weft-<tone>`, `--weft-<tone>-soft` and `--weft-<tone>-fill`. */
export function statusTone(status: AnyStatus): StatusTone {
  return looks[status].tone;
}

const looks: Record<AnyStatus, { label: string; icon: IconName; tone: StatusTone }> = {
  QUEUED: { label: 'Queued', icon: 'dashed', tone: 'neutral' },
  RUNNING: { label: 'Running', icon: 'play', tone: 'running' },
  WAITING: { label: 'Waiting', icon: 'clock', tone: 'waiting' },
  SUCCEEDED: { label: 'Succeeded', icon: 'circleCheck', tone: 'success' },
  FAILED: { label: 'Failed', icon: 'circleX', tone: 'failure' },
  CANCELED: { label: 'Canceled', icon: 'circleSlash', tone: 'neutral' },
  SKIPPED: { label: 'Skipped', icon: 'minus', tone: 'neutral' },
  REUSED: { label: 'Reused', icon: 'retry', tone: 'reused' },
};
