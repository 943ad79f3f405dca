import type { Schedule } from '@weft/client';
import { type ReactElement, useMemo, useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { messageOf } from '../../data/executions.ts';
import { useSchedule, useScheduleChange, useSchedules } from '../../data/schedules.ts';
import { NavigationProvider, type NavigationTarget, TargetLink } from '../../run/navigation.tsx';
import { ScheduleDetails } from '../../schedules/schedule-details.tsx';
import { ScheduleDialog } from '../../schedules/schedule-dialog.tsx';
import { whenOf } from '../../schedules/schedule-words.ts';
import '../../schedules/schedules.css';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { EmptyState, SkeletonRows } from '../../ui/feedback.tsx';
import { Menu } from '../../ui/menu.tsx';
import { MoreOnScroll } from '../../ui/more-on-scroll.tsx';
import { Badge } from '../../ui/status-badge.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { useToast } from '../../ui/toast.tsx';
import { Card, LoadFailed, Page } from '../page.tsx';
import { pathOf } from '../paths.ts';

/** What is open beside the list. */
type Open = { kind: 'new' } | { kind: 'edit' | 'details' | 'delete'; schedule: Schedule };

/** What a run leads to is in the address. */
export default function SchedulesPage(): ReactElement {
  const [, navigate] = useLocation();
  const navigation = useMemo(
    () => ({ hrefOf: pathOf, onNavigate: (target: NavigationTarget) => navigate(pathOf(target)) }),
    [navigate],
  );
  const list = useSchedules();
  const [params, setParams] = useSearchParams();
  const named = params.get('schedule');
  const { data: linked } = useSchedule(named);
  const [chosen, setOpen] = useState<Open | null>(null);
  const open: Open | null =
    chosen ?? (named !== null && linked ? { kind: 'details', schedule: linked } : null);
  const close = () => {
    setOpen(null);
    if (named !== null) setParams({}, { replace: true });
  };
  const actions = useActions();
  const newButton = (
    <Button variant="primary" icon="plus" onClick={() => setOpen({ kind: 'new' })}>
      New schedule
    </Button>
  );
  const rows = list.data;
  return (
    <NavigationProvider value={navigation}>
      <Page title="Schedules" description="What starts workflows at times." actions={newButton}>
        {list.error && rows === undefined ? (
          <LoadFailed what="the schedules" error={list.error} onRetry={list.refetch} />
        ) : (
          <Card>
            {rows === undefined ? (
              <SkeletonRows />
            ) : rows.length === 0 ? (
              <EmptyState icon="clock" title="No schedules yet" actions={newButton}>
                A schedule starts a workflow each morning, each five minutes, or whenever a cron expression
                says.
              </EmptyState>
            ) : (
              <Table
                label="Schedules"
                columns={columnsOf(setOpen, actions)}
                rows={rows}
                rowKey={({ id }) => id}
              />
            )}
          </Card>
        )}
        <MoreOnScroll {...list} />
        {open?.kind === 'new' && <ScheduleDialog schedule={null} onClose={close} />}
        {open?.kind === 'edit' && <ScheduleDialog schedule={open.schedule} onClose={close} />}
        {open?.kind === 'details' && <ScheduleDetails schedule={open.schedule} onClose={close} />}
        {open?.kind === 'delete' && <DeleteSchedule schedule={open.schedule} onClose={close} />}
      </Page>
    </NavigationProvider>
  );
}

type Actions = ReturnType<typeof useActions>;

function useActions() {
  const toast = useToast();
  const [, navigate] = useLocation();
  const onError = (error: Error) => toast({ tone: 'failure', text: messageOf(error) });
  const pause = useScheduleChange((client, id: string) => client.schedules.pause(id));
  const resume = useScheduleChange((client, id: string) => client.schedules.resume(id));
  const trigger = useScheduleChange((client, id: string) => client.schedules.trigger(id));
  return {
    pause: (id: string) => pause.mutate(id, { onError }),
    resume: (id: string) => resume.mutate(id, { onError }),
    trigger: (id: string) =>
      trigger.mutate(id, {
        onError,
        onSuccess: (run) => navigate(pathOf({ kind: 'run', executionId: run.id })),
      }),
  };
}

function DeleteSchedule({ schedule, onClose }: { schedule: Schedule; onClose: () => void }): ReactElement {
  const toast = useToast();
  const remove = useScheduleChange((client, id: string) => client.schedules.delete(id));
  return (
    <ConfirmDialog
      title={`Delete ${schedule.name}?`}
      action="Delete"
      isBusy={remove.isPending}
      onConfirm={() =>
        remove.mutate(schedule.id, {
          onSuccess: onClose,
          onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
        })
      }
      onClose={onClose}
    >
      It fires no more. The runs that it has started stay, and go on.
    </ConfirmDialog>
  );
}

function columnsOf(open: (what: Open) => void, actions: Actions): readonly Column<Schedule>[] {
  return [
    {
      id: 'name',
      header: 'Schedule',
      cell: (schedule) => (
        <>
          <Button variant="ghost" size="small" onClick={() => open({ kind: 'details', schedule })}>
            {schedule.name}
          </Button>
          <div className="weft-muted">
            {schedule.workflow === null ? (
              'A workflow that was deleted'
            ) : (
              <TargetLink target={{ kind: 'workflow', workflowId: schedule.workflow.id }}>
                {schedule.workflow.name}
              </TargetLink>
            )}
          </div>
        </>
      ),
    },
    { id: 'when', header: 'Fires', priority: 2, cell: (schedule) => <code>{whenOf(schedule)}</code> },
    {
      id: 'next',
      header: 'Next',
      width: '10rem',
      cell: ({ pausedAt, nextAt }) =>
        pausedAt !== null ? (
          <Badge tone="waiting">Paused</Badge>
        ) : nextAt === null ? (
          'No time left'
        ) : (
          <RelativeTime at={nextAt} />
        ),
    },
    {
      id: 'actions',
      header: <span className="weft-hidden">Actions</span>,
      width: '4rem',
      align: 'end',
      cell: (schedule) => (
        <Menu
          label={`Actions of ${schedule.name}`}
          isIconOnly
          variant="ghost"
          size="small"
          items={[
            { label: 'Run now', icon: 'play', onSelect: () => actions.trigger(schedule.id) },
            schedule.pausedAt === null
              ? { label: 'Pause', icon: 'stop', onSelect: () => actions.pause(schedule.id) }
              : { label: 'Resume', icon: 'play', onSelect: () => actions.resume(schedule.id) },
            { label: 'Change', icon: 'edit', onSelect: () => open({ kind: 'edit', schedule }) },
            {
              label: 'What became of its times',
              icon: 'history',
              onSelect: () => open({ kind: 'details', schedule }),
            },
            {
              label: 'Delete',
              icon: 'trash',
              isDanger: true,
              onSelect: () => open({ kind: 'delete', schedule }),
            },
          ]}
        />
      ),
    },
  ];
}
