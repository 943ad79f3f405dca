import type { ForEachInput, OnItemError } from '@weft/client';
import { type ReactElement, useId } from 'react';
import { Select, TextArea } from '../../ui/field.tsx';
import { ExpressionPreview } from '../expression/preview.tsx';
import { FormField } from '../form-field.tsx';
import { problemsAt, problemsWithin } from '../problems.ts';
import { NumberInput } from '../widgets/number-input.tsx';
import { defaultBatch, defaultConcurrency } from './list-defaults.ts';
import type { SettingProps } from './retry.tsx';
import { SwitchSection } from './switch-section.tsx';
import { itemErrorInWords } from './words.ts';

/** Whether a node runs once for each item of a list, and how many at once. */
export function ForEachSettings({
  value,
  onChange,
  problems,
  isReadOnly,
}: SettingProps<ForEachInput>): ReactElement {
  const id = useId();
  const {
    items = '',
    concurrency = defaultConcurrency,
    batch = defaultBatch,
    onItemError = 'FAIL',
  } = value ?? {};
  return (
    <SwitchSection
      title="Run once for each item of a list"
      summary={
        value
          ? `Each item is the input of a run of its own, ${concurrency === 1 ? 'one after the other' : `${concurrency} at once`}. The output is the list of their outputs.`
          : 'Runs once, with all of its input.'
      }
      isOn={value != null}
      onSwitch={(isOn) => onChange(isOn ? { items: 'input', concurrency: defaultConcurrency } : null)}
      isReadOnly={isReadOnly}
    >
      <div className="weft-setting__wide">
        <FormField
          id={`${id}-items`}
          label="List"
          description="A JSONata expression over `input`, `nodes.<key>.output` and `execution`. The other expressions of the node read `item`, `index` and, for its whole input, `nodeInput`."
          problems={[...problemsAt(problems, 'forEach'), ...problemsWithin(problems, 'forEach.items')]}
          isRequired
        >
          {({ describedBy, isInvalid }) => (
            <div className="weft-expression">
              <TextArea
                id={`${id}-items`}
                aria-describedby={describedBy}
                aria-invalid={isInvalid || undefined}
                aria-required
                className="weft-expression__text"
                rows={1}
                spellCheck={false}
                autoCapitalize="off"
                readOnly={isReadOnly}
                placeholder="input.rows"
                value={items}
                onChange={({ target }) => onChange({ ...value, items: target.value })}
              />
              <ExpressionPreview expression={items} isOfList />
            </div>
          )}
        </FormField>
      </div>
      <FormField
        id={`${id}-concurrency`}
        label="At once"
        problems={problemsWithin(problems, 'forEach.concurrency')}
      >
        {({ describedBy }) => (
          <NumberInput
            id={`${id}-concurrency`}
            describedBy={describedBy}
            value={concurrency}
            onChange={(next = defaultConcurrency) => onChange({ items, ...value, concurrency: next })}
            placeholder={String(defaultConcurrency)}
            min={1}
            max={100}
            unit="items"
            isReadOnly={isReadOnly}
          />
        )}
      </FormField>
      <FormField
        id={`${id}-batch`}
        label="In one sandbox"
        description="Of a Python node: how many items may run in a sandbox, one after another. With 1, each has its own."
        problems={problemsWithin(problems, 'forEach.batch')}
      >
        {({ describedBy }) => (
          <NumberInput
            id={`${id}-batch`}
            describedBy={describedBy}
            value={batch}
            onChange={(next = defaultBatch) => onChange({ items, ...value, batch: next })}
            placeholder={String(defaultBatch)}
            min={1}
            max={1_000}
            unit="items"
            isReadOnly={isReadOnly}
          />
        )}
      </FormField>
      <FormField
        id={`${id}-on-item-error`}
        label="When an item fails"
        problems={problemsWithin(problems, 'forEach.onItemError')}
      >
        {({ describedBy }) => (
          <Select
            id={`${id}-on-item-error`}
            aria-describedby={describedBy}
            disabled={isReadOnly}
            value={onItemError}
            onChange={({ target }) => onChange({ items, ...value, onItemError: target.value as OnItemError })}
          >
            {Object.entries(itemErrorInWords).map(([choice, words]) => (
              <option key={choice} value={choice}>
                {words}
              </option>
            ))}
          </Select>
        )}
      </FormField>
    </SwitchSection>
  );
}
