import { type Schedule, type ScheduleOverlap, type ScheduleTimingInput } from '@weft/client';
import { type ReactElement, useId, useState } from 'react';
import { errorsOf, faultBeside } from '../data/field-errors.ts';
import { useSaveSchedule, useSchedulePreview } from '../data/schedules.ts';
import { useWorkflows } from '../data/workflows.ts';
import { JsonField } from '../form/json-field.tsx';
import { Field, Input, Select } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { TextField } from '../ui/text-field.tsx';
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
    <FormDialog
      title={schedule === null ? 'New schedule' : `Change ${schedule.name}`}
      onClose={onClose}
      action={schedule === null ? 'Create' : 'Save'}
      onSubmit={submit}
      isBusy={save.isPending}
      isDisabled={workflowId === '' || preview.error !== null || !isJson}
      fault={faultBeside(save.error, fields)}
    >
      {schedule === null && (
        <SelectField
          label="Workflow"
          isRequired
          error={errorAt('workflowId')}
          value={workflowId}
          onChange={setWorkflowId}
          options={[['', 'Choose one'], ...(workflows.data ?? []).map(({ id, name }) => [id, name] as const)]}
        />
      )}
      <TextField
        label="Name"
        error={errorAt('name')}
        value={name}
        maxLength={200}
        placeholder="Each morning"
        onChange={setName}
      />
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
          <TextField
            label="Cron expression"
            description="Minute, hour, day of the month, month, day of the week."
            error={errorAt('cron')}
            isCode
            value={cron}
            onChange={setCron}
          />
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
      <SelectField
        label="While a run has not ended"
        error={errorAt('overlap')}
        value={overlap}
        onChange={setOverlap}
        options={Object.entries(overlapLabels)}
      />
      <JsonField
        label="Input"
        description="JSON; empty for none. `{{ scheduledAt }}` in its texts is the time that the run is for."
        value={input}
        onChange={setInput}
        onValidity={setIsJson}
        error={errorAt('input')}
        rows={3}
      />
    </FormDialog>
  );
}

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const fields = ['workflowId', 'name', 'cron', 'intervalMs', 'timezone', 'overlap', 'input'];
