import type { Schedule, ScheduleFiring } from '@weft/client';
import type { ReactElement } from 'react';
import { useScheduleFirings } from '../data/schedules.ts';
import { TargetLink } from '../run/navigation.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { Badge } from '../ui/status-badge.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { MomentTime } from '../ui/time.tsx';
import { outcomeLooks, overlapLabels, whenOf } from './schedule-words.ts';

/** A dialog that is open: when a schedule fires, and what became of its last times. */
export function ScheduleDetails({
  schedule,
  onClose,
}: {
  schedule: Schedule;
  onClose: () => void;
}): ReactElement {
  const { data, error } = useScheduleFirings(schedule);
  return (
    <Dialog title={schedule.name} isOpen onClose={onClose} size="large">
      <p>
        Fires <strong>{whenOf(schedule)}</strong>; while a run has not ended:{' '}
        {overlapLabels[schedule.overlap].toLowerCase()}.
        {schedule.buffered > 0 && ` ${schedule.buffered} wait.`}
      </p>
      {schedule.pauseReason && <Callout tone="waiting" title={`Paused: ${schedule.pauseReason}`} />}
      {error && (
        <Callout tone="failure" title={`Could not read what became of its times: ${error.message}`} />
      )}
      {data === undefined ? (
        <SkeletonRows />
      ) : data.length === 0 ? (
        <p className="weft-muted">None of its times has come yet.</p>
      ) : (
        <Table label="Last times" columns={columns} rows={data} rowKey={({ scheduledAt }) => scheduledAt} />
      )}
    </Dialog>
  );
}

const columns: readonly Column<ScheduleFiring>[] = [
  { id: 'time', header: 'Time', cell: ({ scheduledAt }) => <MomentTime at={scheduledAt} /> },
  {
    id: 'outcome',
    header: 'What became of it',
    width: '9rem',
    cell: ({ outcome }) => <Badge tone={outcomeLooks[outcome].tone}>{outcomeLooks[outcome].label}</Badge>,
  },
  {
    id: 'run',
    header: 'Run',
    cell: ({ execution, reason }) =>
      execution === null ? (
        (reason ?? '')
      ) : (
        <TargetLink target={{ kind: 'run', executionId: execution.id }}>Open the run</TargetLink>
      ),
  },
];
