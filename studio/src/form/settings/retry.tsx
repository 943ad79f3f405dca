import type { RetryPolicyInput } from '@weft/client';
import { type ReactElement, useId, useState } from 'react';
import { Input } from '../../ui/field.tsx';
import { FormField } from '../form-field.tsx';
import { type NodeProblem, problemsWithin } from '../problems.ts';
import { NumberInput } from '../widgets/number-input.tsx';
import { SwitchSection } from './switch-section.tsx';
import { type RetryPolicy, retryInWords } from './words.ts';

export interface SettingProps<Value> {
  value: Value | null | undefined;
  onChange: (value: Value | null) => void;
  problems: readonly NodeProblem[];
  isReadOnly: boolean;
}

/** How often a node is attempted, and how long it waits between. */
export function RetrySettings({
  value,
  onChange,
  problems,
  isReadOnly,
}: SettingProps<RetryPolicyInput>): ReactElement {
  const id = useId();
  const policy: RetryPolicy = { ...defaults, ...value };
  const set = (change: Partial<RetryPolicy>) => onChange({ ...policy, ...change });
  const seconds = (name: 'initialDelayMs' | 'maxDelayMs') => ({
    value: policy[name] / 1_000,
    onChange: (next: number | undefined) =>
      set({ [name]: next === undefined ? defaults[name] : Math.round(next * 1_000) }),
    placeholder: String(defaults[name] / 1_000),
    unit: 'seconds',
    min: 0,
    max: 3_600,
    allowsFractions: true,
    isReadOnly,
  });
  const field = (name: keyof RetryPolicy, label: string, draw: (id: string) => ReactElement) => (
    <FormField id={`${id}-${name}`} label={label} problems={problemsWithin(problems, `retry.${name}`)}>
      {() => draw(`${id}-${name}`)}
    </FormField>
  );
  return (
    <SwitchSection
      title="Try again when it fails"
      summary={value ? retryInWords(policy) : 'Tried once.'}
      isOn={value != null}
      onSwitch={(isOn) => onChange(isOn ? defaults : null)}
      isReadOnly={isReadOnly}
    >
      {field('maxAttempts', 'Attempts in all', (fieldId) => (
        <NumberInput
          id={fieldId}
          value={policy.maxAttempts}
          onChange={(next = defaults.maxAttempts) => set({ maxAttempts: next })}
          placeholder={String(defaults.maxAttempts)}
          min={1}
          max={20}
          isReadOnly={isReadOnly}
        />
      ))}
      {field('initialDelayMs', 'First wait', (fieldId) => (
        <NumberInput id={fieldId} {...seconds('initialDelayMs')} />
      ))}
      {field('backoffFactor', 'Each further wait', (fieldId) => (
        <NumberInput
          id={fieldId}
          value={policy.backoffFactor}
          onChange={(next = defaults.backoffFactor) => set({ backoffFactor: next })}
          placeholder={String(defaults.backoffFactor)}
          unit="times as long"
          min={1}
          max={10}
          allowsFractions
          isReadOnly={isReadOnly}
        />
      ))}
      {field('maxDelayMs', 'Longest wait', (fieldId) => (
        <NumberInput id={fieldId} {...seconds('maxDelayMs')} />
      ))}
      <div className="weft-setting__wide">
        <FormField
          id={`${id}-retryOn`}
          label="Only after these errors"
          description="Codes with commas between, such as `PYTHON_TIMEOUT`. Where empty, after every error that another attempt may mend."
          problems={problemsWithin(problems, 'retry.retryOn')}
        >
          {({ describedBy, isInvalid }) => (
            <CodesInput
              id={`${id}-retryOn`}
              codes={policy.retryOn}
              onChange={(retryOn) => set({ retryOn })}
              describedBy={describedBy}
              isInvalid={isInvalid}
              isReadOnly={isReadOnly}
            />
          )}
        </FormField>
      </div>
    </SwitchSection>
  );
}

interface CodesInputProps {
  id: string;
  codes: readonly string[];
  onChange: (codes: string[]) => void;
  describedBy: string | undefined;
  isInvalid: boolean;
  isReadOnly: boolean;
}

function CodesInput({
  id,
  codes,
  onChange,
  describedBy,
  isInvalid,
  isReadOnly,
}: CodesInputProps): ReactElement {
  const [draft, setDraft] = useState<string | null>(null);
  return (
    <Input
      id={id}
      aria-describedby={describedBy}
      aria-invalid={isInvalid || undefined}
      readOnly={isReadOnly}
      spellCheck={false}
      autoCapitalize="characters"
      placeholder="any that is worth it"
      value={draft ?? codes.join(', ')}
      onChange={({ target }) => {
        setDraft(target.value);
        onChange(target.value.split(/[\s,]+/).filter((code) => code !== ''));
      }}
      onBlur={() => setDraft(null)}
    />
  );
}

/** The API's. */
const defaults: RetryPolicy = {
  maxAttempts: 3,
  initialDelayMs: 1_000,
  backoffFactor: 2,
  maxDelayMs: 60_000,
  retryOn: [],
};
