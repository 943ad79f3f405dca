import type { ReactElement } from 'react';
import { Field, Input, Select } from '../ui/field.tsx';
import type { WorkflowDocument } from './model/document.ts';

type Limits = Pick<WorkflowDocument, 'concurrency' | 'rate' | 'debounce' | 'priority'>;

export interface LimitFieldsProps {
  document: Limits;
  set: (change: Limits, group: string) => void;
  /** What is wrong with a field, by its path. */
  faultOf: (field: string) => string | undefined;
}

/** When runs begin. A limit whose number is empty is none. */
export function LimitFields({ document, set, faultOf }: LimitFieldsProps): ReactElement {
  const { concurrency, rate, debounce, priority } = document;
  return (
    <>
      <NumberField
        label="Runs at once"
        description="Empty for as many as the workers take."
        value={concurrency?.max}
        onChange={(max) =>
          set(some('concurrency', max, { ...concurrency, max: max ?? 0 }), 'concurrency.max')
        }
        error={faultOf('concurrency.max')}
      />
      {concurrency && (
        <>
          <KeyField
            value={concurrency.key}
            onChange={(key) => set({ concurrency: { ...concurrency, key } }, 'concurrency.key')}
            error={faultOf('concurrency.key')}
          />
          <Field label="When so many run">
            {(control) => (
              <Select
                {...control}
                value={concurrency.whenFull ?? 'QUEUE'}
                onChange={({ target }) =>
                  set(
                    { concurrency: { ...concurrency, whenFull: target.value as 'DROP' } },
                    'concurrency.whenFull',
                  )
                }
              >
                <option value="QUEUE">A new run waits for its turn</option>
                <option value="DROP">A new run is refused</option>
                <option value="REPLACE">A new run replaces the oldest</option>
              </Select>
            )}
          </Field>
        </>
      )}
      <NumberField
        label="Runs within a time"
        description="Empty for as many as are started. What is more waits."
        value={rate?.max}
        onChange={(max) => set(some('rate', max, { perMs: 60_000, ...rate, max: max ?? 0 }), 'rate.max')}
        error={faultOf('rate.max')}
      />
      {rate && (
        <>
          <NumberField
            label="Within how many seconds"
            value={rate.perMs / 1_000}
            onChange={(seconds) => set({ rate: { ...rate, perMs: (seconds ?? 0) * 1_000 } }, 'rate.perMs')}
            error={faultOf('rate.perMs')}
          />
          <KeyField
            value={rate.key}
            onChange={(key) => set({ rate: { ...rate, key } }, 'rate.key')}
            error={faultOf('rate.key')}
          />
        </>
      )}
      <NumberField
        label="Debounce"
        description="Seconds without another start after which one run begins, with the input of the last start."
        value={debounce && debounce.waitMs / 1_000}
        onChange={(seconds) =>
          set(some('debounce', seconds, { ...debounce, waitMs: (seconds ?? 0) * 1_000 }), 'debounce.waitMs')
        }
        error={faultOf('debounce.waitMs')}
      />
      {debounce && (
        <>
          <NumberField
            label="At the latest after"
            description="Seconds after the first start. Empty for as long as starts follow."
            value={debounce.maxWaitMs == null ? undefined : debounce.maxWaitMs / 1_000}
            onChange={(seconds) =>
              set({ debounce: { ...debounce, maxWaitMs: seconds && seconds * 1_000 } }, 'debounce.maxWaitMs')
            }
            error={faultOf('debounce.maxWaitMs')}
          />
          <KeyField
            value={debounce.key}
            onChange={(key) => set({ debounce: { ...debounce, key } }, 'debounce.key')}
            error={faultOf('debounce.key')}
          />
        </>
      )}
      <NumberField
        label="Priority"
        description="1 to 5: where runs wait, 5 goes first. Empty for 3."
        value={priority}
        onChange={(value) => set(some('priority', value, value), 'priority')}
        error={faultOf('priority')}
      />
    </>
  );
}

/** The change of a limit; without its number it is gone. */
function some<Name extends keyof Limits>(name: Name, number: number | undefined, value: unknown): Limits {
  return { [name]: number === undefined ? undefined : value };
}

interface NumberFieldProps {
  label: string;
  description?: string;
  value: number | undefined;
  onChange: (value: number | undefined) => void;
  error: string | undefined;
}

export function NumberField({ label, description, value, onChange, error }: NumberFieldProps): ReactElement {
  return (
    <Field label={label} description={description} error={error}>
      {(control) => (
        <Input
          {...control}
          type="number"
          min={1}
          value={value ?? ''}
          onChange={({ target }) => onChange(target.value === '' ? undefined : Number(target.value))}
        />
      )}
    </Field>
  );
}

interface KeyFieldProps {
  value: string | null | undefined;
  onChange: (value: string | undefined) => void;
  error: string | undefined;
}

function KeyField({ value, onChange, error }: KeyFieldProps): ReactElement {
  return (
    <Field
      label="Counted by"
      description="An expression over `input`, such as `input.customerId`. Empty for all runs together."
      error={error}
    >
      {(control) => (
        <Input
          {...control}
          value={value ?? ''}
          spellCheck={false}
          onChange={({ target }) => onChange(target.value || undefined)}
        />
      )}
    </Field>
  );
}
