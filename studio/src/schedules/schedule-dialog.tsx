import { type Schedule, type ScheduleOverlap, type ScheduleTimingInput } from '@weft/client';
import { type ReactElement, useId, useState } from 'react';
import { messageOf } from '../data/executions.ts';
import { errorsOf } from '../data/field-errors.ts';
import { useSaveSchedule, useSchedulePreview } from '../data/schedules.ts';
import { useWorkflows } from '../data/workflows.ts';
import { JsonField } from '../form/json-field.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout } from '../ui/feedback.tsx';
import { Field, Input, Select } from '../ui/field.tsx';
import { useToast } from '../ui/toast.tsx';
import { overlapLabels } from './schedule-words.ts';

export interface ScheduleDialogProps {
  /** The schedule to change; null for a new one. */
  schedule: Schedule | null;
  onClose: () => void;
}

/** A dialog that is open, for a new schedule or a change of one. It shows the next times while they are written. */
export function ScheduleDialog({ schedule, onClose }: ScheduleDialogProps): ReactElement {
  const formId = useId();
  const toast = useToast();
  const save = useSaveSchedule(schedule?.id ?? null);
  const workflows = useWorkflows('');
  const [workflowId, setWorkflowId] = useState(schedule?.workflow?.id ?? '');
  const [name, setName] = useState(schedule?.name ?? '');
  const [isInterval, setIsInterval] = useState(schedule !== null && schedule.cron === null);
  const [cron, setCron] = useState(schedule?.cron ?? '0 9 * * MON-FRI');
  const [seconds, setSeconds] = useState(String((schedule?.intervalMs ?? 3_600_000) / 1_000));
  const [timezone, setTimezone] = useState(
    schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  );
  const [overlap, setOverlap] = useState<ScheduleOverlap>(schedule?.overlap ?? 'SKIP');
  const [input, setInput] = useState<unknown>(schedule?.input ?? undefined);
  const [isJson, setIsJson] = useState(true);
  const timing: ScheduleTimingInput = {
    cron: isInterval ? null : cron,
    intervalMs: isInterval ? Number(seconds) * 1_000 : null,
    timezone,
    exclude: schedule?.exclude ?? [],
    startsAt: schedule?.startsAt ?? null,
    endsAt: schedule?.endsAt ?? null,
  };
  const preview = useSchedulePreview(timing);
  const errorAt = (field: string) => errorsOf(preview.error, field) ?? errorsOf(save.error, field);
  const others = save.error && !hasField(save.error) ? messageOf(save.error) : undefined;
  const submit = () =>
    save.mutate(
      { ...(schedule === null ? { workflowId } : {}), ...timing, name: name.trim() || null, overlap, input },
      {
        onSuccess: () => {
          toast({ tone: 'success', text: schedule === null ? 'The schedule fires from now on' : 'Saved' });
          onClose();
        },
      },
    );
  return (
    <Dialog
      title={schedule === null ? 'New schedule' : `Change ${schedule.name}`}
      isOpen
      onClose={onClose}
      actions={
        <Button
          type="submit"
          form={formId}
          variant="primary"
          isBusy={save.isPending}
          disabled={workflowId === '' || preview.error !== null || !isJson}
        >
          {schedule === null ? 'Create' : 'Save'}
        </Button>
      }
    >
      <form
        id={formId}
        className="weft-schedule-form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {schedule === null && (
          <Field label="Workflow" isRequired error={errorAt('workflowId')}>
            {(control) => (
              <Select {...control} value={workflowId} onChange={(event) => setWorkflowId(event.target.value)}>
                <option value="">Choose one</option>
                {workflows.data?.map((workflow) => (
                  <option key={workflow.id} value={workflow.id}>
                    {workflow.name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        )}
        <Field label="Name" error={errorAt('name')}>
          {(control) => (
            <Input
              {...control}
              value={name}
              maxLength={200}
              placeholder="Each morning"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Fires">
          {(control) => (
            <Select
              {...control}
              value={isInterval ? 'interval' : 'cron'}
              onChange={(event) => setIsInterval(event.target.value === 'interval')}
            >
              <option value="cron">at the times of a cron expression</option>
              <option value="interval">after so many seconds, again and again</option>
            </Select>
          )}
        </Field>
        {isInterval ? (
          <Field label="Seconds" error={errorAt('intervalMs')}>
            {(control) => (
              <Input
                {...control}
                type="number"
                min={1}
                value={seconds}
                onChange={(event) => setSeconds(event.target.value)}
              />
            )}
          </Field>
        ) : (
          <>
            <Field
              label="Cron expression"
              description="Minute, hour, day of the month, month, day of the week."
              error={errorAt('cron')}
            >
              {(control) => (
                <Input
                  {...control}
                  className="weft-mono"
                  value={cron}
                  spellCheck={false}
                  onChange={(event) => setCron(event.target.value)}
                />
              )}
            </Field>
            <Field label="Time zone" error={errorAt('timezone')}>
              {(control) => (
                <Input
                  {...control}
                  value={timezone}
                  list={`${formId}-zones`}
                  onChange={(event) => setTimezone(event.target.value)}
                />
              )}
            </Field>
            <datalist id={`${formId}-zones`}>
              {Intl.supportedValuesOf('timeZone').map((zone) => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </>
        )}
        {preview.data && !preview.error && (
          <div>
            <p className="weft-muted">The next times, as clocks here show them:</p>
            <ol className="weft-schedule-form__times">
              {preview.data.map((time) => (
                <li key={time}>
                  <time dateTime={time}>{moment.format(new Date(time))}</time>
                </li>
              ))}
            </ol>
          </div>
        )}
        <Field label="While a run has not ended" error={errorAt('overlap')}>
          {(control) => (
            <Select
              {...control}
              value={overlap}
              onChange={(event) => setOverlap(event.target.value as ScheduleOverlap)}
            >
              {Object.entries(overlapLabels).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <JsonField
          label="Input"
          description="JSON; empty for none. `{{ scheduledAt }}` in its texts is the time that the run is for."
          value={input}
          onChange={setInput}
          onValidity={setIsJson}
          error={errorAt('input')}
          rows={3}
        />
        {others && <Callout tone="failure" title={others} />}
      </form>
    </Dialog>
  );
}

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const fields = ['workflowId', 'name', 'cron', 'intervalMs', 'timezone', 'overlap', 'input'];

function hasField(error: Error): boolean {
  return fields.some((field) => errorsOf(error, field) !== undefined);
}
