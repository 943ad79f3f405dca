import type { Join } from '@weft/client';
import { type ReactElement, useId } from 'react';
import { FormField } from '../form-field.tsx';
import { problemsWithin } from '../problems.ts';
import type { SettingProps } from './retry.tsx';
import { joinInWords } from './words.ts';

const joins: readonly Join[] = ['ALL', 'ANY'];

/** What a node waits for where several edges end. */
export function JoinSettings({
  value,
  onChange,
  problems,
  isReadOnly,
}: Omit<SettingProps<Join>, 'onChange'> & { onChange: (value: Join) => void }): ReactElement {
  const id = useId();
  const chosen = value ?? 'ALL';
  return (
    <section className="weft-setting">
      <FormField id={`${id}-join`} label="When it starts" problems={problemsWithin(problems, 'join')} isGroup>
        {({ labelId, describedBy }) => (
          <div
            id={`${id}-join`}
            role="radiogroup"
            aria-labelledby={labelId}
            aria-describedby={describedBy}
            className="weft-setting__choices"
          >
            {joins.map((join) => (
              <label key={join} className="weft-check">
                <input
                  type="radio"
                  name={`${id}-join`}
                  checked={join === chosen}
                  disabled={isReadOnly}
                  onChange={() => onChange(join)}
                />
                {joinInWords[join].choice}
              </label>
            ))}
          </div>
        )}
      </FormField>
      <p className="weft-setting__summary" aria-live="polite">
        {joinInWords[chosen].summary}
      </p>
    </section>
  );
}
