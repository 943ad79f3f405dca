import { type Secret } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { Link } from 'wouter';
import { useSecretChange, useSecrets } from '../data/access.ts';
import { messageOf } from '../data/executions.ts';
import { errorsOf, faultBeside } from '../data/field-errors.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Callout, EmptyState, SkeletonRows } from '../ui/feedback.tsx';
import { Field, Input } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { TextField } from '../ui/text-field.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { useToast } from '../ui/toast.tsx';

/** What workflows use and nobody may read: names, and who uses them. */
export function Secrets(): ReactElement {
  const { data: rows, error } = useSecrets();
  const [replaced, setReplaced] = useState<Secret | null>(null);
  const [ending, setEnding] = useState<Secret | null>(null);
  if (error && rows === undefined)
    return (
      <Callout tone="failure" title="Could not read the secrets">
        {error.message}
      </Callout>
    );
  return (
    <>
      {rows === undefined ? (
        <SkeletonRows />
      ) : rows.length === 0 ? (
        <EmptyState icon="key" title="No secrets yet">
          A key or a password that workflows use and nobody may read: an HTTP node as{' '}
          <code>{'{{ secrets.NAME }}'}</code>, a Python node as <code>secrets["NAME"]</code>.
        </EmptyState>
      ) : (
        <Table
          label="Secrets"
          columns={columnsOf(setReplaced, setEnding)}
          rows={rows}
          rowKey={({ name }) => name}
        />
      )}
      {replaced && <SecretDialog name={replaced.name} onClose={() => setReplaced(null)} />}
      {ending && <Delete secret={ending} onClose={() => setEnding(null)} />}
    </>
  );
}

/** A dialog that is open, for a new secret, or for a new value of the one with this name. */
export function SecretDialog({
  name: former,
  onClose,
}: {
  name: string | null;
  onClose: () => void;
}): ReactElement {
  const [name, setName] = useState(former ?? '');
  const [value, setValue] = useState('');
  const save = useSecretChange(({ secrets }) => secrets.set(name, value));
  return (
    <FormDialog
      title={former === null ? 'New secret' : `New value of ${former}`}
      onClose={onClose}
      size="small"
      action={former === null ? 'Set' : 'Replace'}
      onSubmit={() => save.mutate(undefined, { onSuccess: onClose })}
      isBusy={save.isPending}
      fault={faultBeside(save.error, ['name', 'value'])}
    >
      {former === null && (
        <Field
          label="Name"
          description="Capital letters, digits and `_`. A name that is there gets the new value."
          isRequired
          error={errorsOf(save.error, 'name')}
        >
          {(control) => (
            <Input
              {...control}
              className="weft-mono"
              value={name}
              maxLength={100}
              placeholder="API_KEY"
              onChange={(event) => setName(event.target.value.toUpperCase())}
            />
          )}
        </Field>
      )}
      <TextField
        label="Value"
        description="It is sealed, and never shown again."
        isRequired
        error={errorsOf(save.error, 'value')}
        isCode
        value={value}
        rows={3}
        onChange={setValue}
      />
    </FormDialog>
  );
}

function Delete({
  secret: { name, usedBy },
  onClose,
}: {
  secret: Secret;
  onClose: () => void;
}): ReactElement {
  const toast = useToast();
  const remove = useSecretChange(({ secrets }) => secrets.delete(name));
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      action="Delete"
      isBusy={remove.isPending}
      onConfirm={() =>
        remove.mutate(undefined, {
          onSuccess: onClose,
          onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
        })
      }
      onClose={onClose}
    >
      {usedBy.length === 0
        ? 'No workflow uses it in its latest version.'
        : `Nodes that use it will fail: in ${usedBy.map((workflow) => workflow.name).join(', ')}.`}
    </ConfirmDialog>
  );
}

function columnsOf(
  onReplace: (secret: Secret) => void,
  onDelete: (secret: Secret) => void,
): readonly Column<Secret>[] {
  return [
    { id: 'name', header: 'Secret', cell: ({ name }) => <span className="weft-mono">{name}</span> },
    {
      id: 'usedBy',
      header: 'Used by',
      priority: 2,
      cell: ({ usedBy }) =>
        usedBy.map(({ id, name }, index) => (
          <span key={id}>
            {index > 0 && ', '}
            <Link href={`/workflows/${id}`}>{name}</Link>
          </span>
        )),
    },
    {
      id: 'set',
      header: 'Set',
      width: '8rem',
      priority: 2,
      cell: ({ updatedAt }) => <RelativeTime at={updatedAt} />,
    },
    {
      id: 'used',
      header: 'Last used',
      width: '8rem',
      cell: ({ lastUsedAt }) =>
        lastUsedAt === null ? <span className="weft-muted">never</span> : <RelativeTime at={lastUsedAt} />,
    },
    {
      id: 'actions',
      header: <span className="weft-hidden">Actions</span>,
      width: '12rem',
      align: 'end',
      cell: (secret) => (
        <>
          <Button size="small" onClick={() => onReplace(secret)}>
            Replace<span className="weft-hidden"> {secret.name}</span>
          </Button>{' '}
          <Button size="small" onClick={() => onDelete(secret)}>
            Delete<span className="weft-hidden"> {secret.name}</span>
          </Button>
        </>
      ),
    },
  ];
}
