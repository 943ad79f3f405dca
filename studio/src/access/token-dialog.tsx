import { type NewToken, type TokenCreateInput, type TokenScope, WeftInputError } from '@weft/client';
import { type ReactElement, useId, useState } from 'react';
import { useProjects, useTokenChange, useViewer } from '../data/access.ts';
import { messageOf } from '../data/executions.ts';
import { errorsOf } from '../data/field-errors.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout } from '../ui/feedback.tsx';
import { Field, Input, Select, TextArea } from '../ui/field.tsx';
import { NumberField, toNumber } from '../ui/number-field.tsx';
import { scopeLabels } from './token-words.ts';

const dayMs = 86_400_000;
const lifetimes = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'A year'],
  ['', 'Until it is revoked'],
] as const;

/** A dialog that is open, for a new token; once it is made, it shows the secret, this once. */
export function TokenDialog({ onClose }: { onClose: () => void }): ReactElement {
  const formId = useId();
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
    <Dialog
      title="New token"
      isOpen
      onClose={onClose}
      actions={
        <Button
          type="submit"
          form={formId}
          variant="primary"
          isBusy={create.isPending}
          disabled={name.trim() === ''}
        >
          Create
        </Button>
      }
    >
      <form
        id={formId}
        className="weft-access__form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field label="Name" description="What it is for." isRequired error={errorAt('name')}>
          {(control) => (
            <Input
              {...control}
              value={name}
              maxLength={100}
              placeholder="Backend of the shop"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="May" error={errorAt('scopes')}>
          {(control) => (
            <Select
              {...control}
              value={scope}
              onChange={(event) => setScope(event.target.value as TokenScope)}
            >
              {Object.entries(scopeLabels).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {projects.length > 1 && (
          <Field label="Project" error={errorAt('project')}>
            {(control) => (
              <Select {...control} value={project} onChange={(event) => setProject(event.target.value)}>
                {projects.map(({ key, name: label }) => (
                  <option key={key} value={key}>
                    {label}
                  </option>
                ))}
                {viewer?.projects === null && <option value="">All, one with each request</option>}
              </Select>
            )}
          </Field>
        )}
        <Field
          label="Only these workflows"
          description="Their keys, with spaces or on lines; empty for all."
          error={errorAt('workflowKeys')}
        >
          {(control) => (
            <TextArea
              {...control}
              className="weft-mono"
              rows={2}
              spellCheck={false}
              value={keys}
              onChange={(event) => setKeys(event.target.value)}
            />
          )}
        </Field>
        <Field
          label="Only runs with these labels"
          description="Such as `customer=42`, one on each line; empty for all. Who has it may read or run, and no more."
          error={errorAt('labels')}
        >
          {(control) => (
            <TextArea
              {...control}
              className="weft-mono"
              rows={2}
              spellCheck={false}
              value={labels}
              onChange={(event) => setLabels(event.target.value)}
            />
          )}
        </Field>
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
        <Field label="Lasts" error={errorAt('expiresAt')}>
          {(control) => (
            <Select {...control} value={days} onChange={(event) => setDays(event.target.value)}>
              {lifetimes.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {create.error && !(create.error instanceof WeftInputError) && (
          <Callout tone="failure" title={messageOf(create.error)} />
        )}
      </form>
    </Dialog>
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
