import type { PythonPolicy } from '@weft/client';
import type { ReactElement } from 'react';
import { useServerInfo } from '../data/server.ts';
import { Field, Select } from '../ui/field.tsx';

export interface PolicyFieldProps {
  /** Undefined for what the server grants. */
  value: PythonPolicy | undefined;
  onChange: (value: PythonPolicy | undefined) => void;
  error: string | undefined;
}

/** What the code of the workflow may do, among what the server grants; a looser policy stays shown where it was saved. */
export function PolicyField({ value, onChange, error }: PolicyFieldProps): ReactElement {
  const granted = useServerInfo().data?.sandbox.policy;
  const policies = Object.keys(meanings) as PythonPolicy[];
  const offered = policies.slice(0, granted ? policies.indexOf(granted) + 1 : policies.length);
  const shown = value === undefined || offered.includes(value) ? offered : [...offered, value];
  const serves = granted ? `The server's, which is ${granted.toLowerCase()}` : "The server's";
  return (
    <Field
      label="Python policy"
      description="What the code of its Python nodes may do; never more than the server grants."
      error={error}
    >
      {(control) => (
        <Select
          {...control}
          value={value ?? ''}
          onChange={(event) => onChange((event.target.value || undefined) as PythonPolicy | undefined)}
        >
          <option value="">{serves}</option>
          {shown.map((policy) => (
            <option key={policy} value={policy}>
              {meanings[policy]}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

/** From the strictest to the loosest. */
const meanings: Record<PythonPolicy, string> = {
  STRICT: 'Strict: data and computation alone',
  STANDARD: 'Standard: os, sys, processes and files of its own as well',
  KERNEL: 'Kernel: plain Python, within the walls of the kernel',
};
