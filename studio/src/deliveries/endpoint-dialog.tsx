import type {
  ChangeType,
  WebhookEndpoint,
  WebhookEndpointInput,
  WebhookEndpointWithSecret,
} from '@weft/client';
import { type ReactElement, useId, useState } from 'react';
import { useEndpointChange } from '../data/deliveries.ts';
import { messageOf } from '../data/executions.ts';
import { errorsOf } from '../data/field-errors.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout } from '../ui/feedback.tsx';
import { Field, Input } from '../ui/field.tsx';
import { useToast } from '../ui/toast.tsx';
import { allTypes, typeLabels } from './delivery-words.ts';
import { NewSecret } from './new-secret.tsx';

/** Ends, and what waits for somebody. */
const firstTypes = allTypes.slice(0, 5);
const fields = ['url', 'name', 'types', 'workflowKeys'];

/** A dialog that is open, for a new endpoint or a change of one. Of a new one it shows the secret then. */
export function EndpointDialog({
  endpoint,
  onClose,
}: {
  endpoint: WebhookEndpoint | null;
  onClose: () => void;
}): ReactElement {
  const formId = useId();
  const toast = useToast();
  const [created, setCreated] = useState<WebhookEndpointWithSecret | null>(null);
  const [url, setUrl] = useState(endpoint?.url ?? '');
  const [name, setName] = useState(endpoint?.name ?? '');
  const [types, setTypes] = useState<readonly ChangeType[]>(endpoint?.types ?? firstTypes);
  const [workflows, setWorkflows] = useState(endpoint?.workflowKeys?.join(' ') ?? '');
  const workflowKeys = workflows.split(/[\s,]+/).filter((key) => key !== '');
  const input = {
    url: url.trim(),
    ...(name.trim() === '' ? {} : { name: name.trim() }),
    types: [...types],
    workflowKeys: workflowKeys.length === 0 ? null : workflowKeys,
  };
  const create = useEndpointChange((client, each: typeof input) => client.webhookEndpoints.create(each));
  const update = useEndpointChange((client, each: WebhookEndpointInput) =>
    client.webhookEndpoints.update(endpoint!.id, each),
  );
  const { error, isPending } = endpoint === null ? create : update;
  const errorAt = (field: string) => errorsOf(error, field);
  const submit = () => {
    if (endpoint === null) return create.mutate(input, { onSuccess: setCreated });
    update.mutate(input, {
      onSuccess: () => {
        toast({ tone: 'success', text: 'Saved' });
        onClose();
      },
    });
  };
  if (created !== null) return <NewSecret endpoint={created} onClose={onClose} />;
  return (
    <Dialog
      title={endpoint === null ? 'New endpoint' : `Change ${endpoint.name}`}
      isOpen
      onClose={onClose}
      actions={
        <Button type="submit" form={formId} variant="primary" isBusy={isPending} disabled={url.trim() === ''}>
          {endpoint === null ? 'Create' : 'Save'}
        </Button>
      }
    >
      <form
        id={formId}
        className="weft-webhook-form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field label="URL" isRequired error={errorAt('url')}>
          {(control) => (
            <Input
              {...control}
              className="weft-mono"
              value={url}
              placeholder="https://example.com/weft"
              spellCheck={false}
              onChange={(event) => setUrl(event.target.value)}
            />
          )}
        </Field>
        <Field label="Name" error={errorAt('name')}>
          {(control) => (
            <Input
              {...control}
              value={name}
              maxLength={200}
              placeholder="The backend of the shop"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <fieldset className="weft-webhook-form__methods">
          <legend>Sends when</legend>
          {allTypes.map((type) => (
            <label key={type}>
              <input
                type="checkbox"
                checked={types.includes(type)}
                onChange={({ target }) =>
                  setTypes(allTypes.filter((each) => (each === type ? target.checked : types.includes(each))))
                }
              />{' '}
              {typeLabels[type]}
            </label>
          ))}
        </fieldset>
        {errorAt('types') && <Callout tone="failure" title="Choose at least one." />}
        <Field
          label="Workflows"
          description="Their keys, with spaces between them. Empty: all workflows."
          error={errorAt('workflowKeys')}
        >
          {(control) => (
            <Input
              {...control}
              className="weft-mono"
              value={workflows}
              spellCheck={false}
              onChange={(event) => setWorkflows(event.target.value)}
            />
          )}
        </Field>
        {error && !fields.some((field) => errorAt(field) !== undefined) && (
          <Callout tone="failure" title={messageOf(error)} />
        )}
      </form>
    </Dialog>
  );
}
