import type {
  ChangeType,
  WebhookEndpoint,
  WebhookEndpointInput,
  WebhookEndpointWithSecret,
} from '@weft/client';
import { type ReactElement, useState } from 'react';
import { useEndpointChange } from '../data/deliveries.ts';
import { errorsOf, faultBeside } from '../data/field-errors.ts';
import { Callout } from '../ui/feedback.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { TextField } from '../ui/text-field.tsx';
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
    <FormDialog
      title={endpoint === null ? 'New endpoint' : `Change ${endpoint.name}`}
      onClose={onClose}
      action={endpoint === null ? 'Create' : 'Save'}
      onSubmit={submit}
      isBusy={isPending}
      isDisabled={url.trim() === ''}
      fault={faultBeside(error, fields)}
    >
      <TextField
        label="URL"
        isRequired
        error={errorAt('url')}
        isCode
        value={url}
        placeholder="https://example.com/weft"
        onChange={setUrl}
      />
      <TextField
        label="Name"
        error={errorAt('name')}
        value={name}
        maxLength={200}
        placeholder="The backend of the shop"
        onChange={setName}
      />
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
      <TextField
        label="Workflows"
        description="Their keys, with spaces between them. Empty: all workflows."
        error={errorAt('workflowKeys')}
        isCode
        value={workflows}
        onChange={setWorkflows}
      />
    </FormDialog>
  );
}
