import { type ReactElement, useId, useState } from 'react';
import { Input } from '../../ui/field.tsx';
import { FormField } from '../form-field.tsx';
import { type NodeProblem, problemsWithin } from '../problems.ts';

export interface IdentitySettingsProps {
  nodeKey: string;
  name: string | null | undefined;
  onName: (name: string | null) => void;
  /** Without it the key cannot be changed. */
  onKey: ((key: string) => void) | undefined;
  takenKeys: readonly string[];
  problems: readonly NodeProblem[];
  isReadOnly: boolean;
}

/** What the node is called by people, and by expressions. */
export function IdentitySettings(props: IdentitySettingsProps): ReactElement {
  const { nodeKey, name, onName, onKey, takenKeys, problems, isReadOnly } = props;
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const problem = draft === null ? null : problemOf(draft, takenKeys, nodeKey);
  const settle = () => {
    if (draft !== null && problem === null && draft !== nodeKey) onKey?.(draft);
    setDraft(null);
  };
  return (
    <div className="weft-setting__fields">
      <FormField
        id={`${id}-name`}
        label="Name"
        description="What people see; the key where it is empty."
        problems={problemsWithin(problems, 'name')}
      >
        {({ describedBy, isInvalid }) => (
          <Input
            id={`${id}-name`}
            aria-describedby={describedBy}
            aria-invalid={isInvalid || undefined}
            readOnly={isReadOnly}
            placeholder={nodeKey}
            value={name ?? ''}
            onChange={({ target }) => onName(target.value === '' ? null : target.value)}
          />
        )}
      </FormField>
      <FormField
        id={`${id}-key`}
        label="Key"
        description={
          <>
            In expressions: <code>nodes.{draft ?? nodeKey}.output</code>
          </>
        }
        problems={[
          ...(problem === null ? [] : [{ field: 'key', message: problem }]),
          ...problemsWithin(problems, 'key'),
        ]}
      >
        {({ describedBy, isInvalid }) => (
          <Input
            id={`${id}-key`}
            aria-describedby={describedBy}
            aria-invalid={isInvalid || undefined}
            className="weft-mono"
            spellCheck={false}
            autoCapitalize="off"
            readOnly={isReadOnly || onKey === undefined}
            value={draft ?? nodeKey}
            onChange={({ target }) => setDraft(target.value)}
            onBlur={settle}
            onKeyDown={(event) => {
              if (event.key === 'Enter') settle();
              if (event.key !== 'Escape' || draft === null) return;
              event.stopPropagation();
              setDraft(null);
            }}
          />
        )}
      </FormField>
    </div>
  );
}

function problemOf(key: string, takenKeys: readonly string[], own: string): string | null {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(key))
    return 'Expected 1 to 64 letters, digits, _ and -. Until then the old key stays.';
  if (key !== own && takenKeys.includes(key))
    return `Another node has the key \`${key}\`. Until it differs the old key stays.`;
  return null;
}
