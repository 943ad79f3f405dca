import { type NewToken, type TokenCreateInput, type TokenScope } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { useProjects, useTokenChange, useViewer } from '../data/access.ts';
import { errorsOf, faultBeside } from '../data/field-errors.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { NumberField, toNumber } from '../ui/number-field.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { TextField } from '../ui/text-field.tsx';
import { scopeLabels } from './token-words.ts';

const dayMs = 86_400_000;
const fields = [
  ...['name', 'scopes', 'project', 'workflowKeys', 'labels'],
  ...['costPerMinute', 'maxRunningExecutions', 'expiresAt'],
];
const lifetimes = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'A year'],
  ['', 'Until it is revoked'],
] as const;

/** A dialog that is open, for a new token; once it is made, it shows the secret, this once. */
export function TokenDialog({ onClose }: { onClose: () => void }): ReactElement {
  const create = useTokenChange((client, input: TokenCreateInput) => client.tokens.create(input));
  const [name, setName] = useState('');
  const [scope, setScope] = useState<TokenScope>('RUN');
  const [keys, setKeys] = useState('');
  const [labels, setLabels] = useState('');
  const [cost, setCost] = useState('');
  const [running, setRunning] = useState('');
  const [days, setDays] = useState('90');
  const { data: viewer } = useViewer();
  const { data: projects = [] } = useProjects();
  const [chosen, setProject] = useState<string | null>(null);
  const project = chosen ?? viewer?.project ?? '';
  const errorAt = (field: string) => errorsOf(create.error, field);
  if (create.data) return <NewSecret created={create.data} onClose={onClose} />;
  const submit = () => {
    const workflowKeys = keys.split(/[\s,]+/).filter((key) => key !== '');
    create.mutate({
      name: name.trim(),
      scopes: [scope],
      ...(chosen === null ? {} : chosen === '' ? { allProjects: true } : { project: chosen }),
      workflowKeys: workflowKeys.length === 0 ? null : workflowKeys,
      labels: labelsOf(labels),
      costPerMinute: toNumber(cost),
      maxRunningExecutions: toNumber(running),
      expiresAt: days === '' ? null : new Date(Date.now() + Number(days) * dayMs).toISOString(),
    });
  };
  return (
    <FormDialog
      title="New token"
      onClose={onClose}
      action="Create"
      onSubmit={submit}
      isBusy={create.isPending}
      isDisabled={name.trim() === ''}
      fault={faultBeside(create.error, fields)}
    >
      <TextField
        label="Name"
        description="What it is for."
        isRequired
        error={errorAt('name')}
        value={name}
        maxLength={100}
        placeholder="Backend of the shop"
        onChange={setName}
      />
      <SelectField
        label="May"
        error={errorAt('scopes')}
        value={scope}
        onChange={setScope}
        options={Object.entries(scopeLabels)}
      />
      {projects.length > 1 && (
        <SelectField
          label="Project"
          error={errorAt('project')}
          value={project}
          onChange={setProject}
          options={[
            ...projects.map(({ key, name: label }) => [key, label] as const),
            ...(viewer?.projects === null ? [['', 'All, one with each request'] as const] : []),
          ]}
        />
      )}
      <TextField
        label="Only these workflows"
        description="Their keys, with spaces or on lines; empty for all."
        error={errorAt('workflowKeys')}
        isCode
        rows={2}
        value={keys}
        onChange={setKeys}
      />
      <TextField
        label="Only runs with these labels"
        description="Such as `customer=42`, one on each line; empty for all. Who has it may read or run, and no more."
        error={errorAt('labels')}
        isCode
        rows={2}
        value={labels}
        onChange={setLabels}
      />
      <NumberField
        label="Cost of operations a minute"
        description="At most: 1 for each object that is read, 10 for each change."
        placeholder="what the server's settings say"
        max={10_000_000}
        value={cost}
        onChange={setCost}
        error={errorAt('costPerMinute')}
      />
      <NumberField
        label="Runs at once"
        description="At most, of those that it has started and that have not ended."
        placeholder="what the server's settings say"
        max={100_000}
        value={running}
        onChange={setRunning}
        error={errorAt('maxRunningExecutions')}
      />
      <SelectField
        label="Lasts"
        error={errorAt('expiresAt')}
        value={days}
        onChange={setDays}
        options={lifetimes}
      />
    </FormDialog>
  );
}

/** Of lines such as `customer=42`; the server says what is wrong with a name or a value. Null for none. */
function labelsOf(text: string): Record<string, string> | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return null;
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
}

function NewSecret({ created, onClose }: { created: NewToken; onClose: () => void }): ReactElement {
  return (
    <Dialog
      title={`The token of ${created.token.name}`}
      isOpen
      onClose={onClose}
      actions={
        <Button variant="primary" onClick={onClose}>
          I have kept it
        </Button>
      }
    >
      <p>It is shown this once: the server keeps only a hash of it.</p>
      <p className="weft-access__secret">
        <code>{created.secret}</code>
        <CopyButton text={created.secret} label="Copy the token" />
      </p>
      <p className="weft-muted">
        Clients send it as <code>Authorization: Bearer …</code>, or as <code>token</code> of{' '}
        <code>createClient</code>.
      </p>
    </Dialog>
  );
}
