import {
  type Webhook,
  type WebhookInput,
  type WebhookMethod,
  type WebhookRespond,
  type WebhookSignature,
  type WebhookWithUrl,
} from '@weft/client';
import { type ReactElement, useState } from 'react';
import { errorsOf, faultBeside } from '../data/field-errors.ts';
import { useWebhookChange } from '../data/webhooks.ts';
import { useWorkflows } from '../data/workflows.ts';
import { FormDialog } from '../ui/form-dialog.tsx';
import { NumberField, toNumber } from '../ui/number-field.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { TextField } from '../ui/text-field.tsx';
import { useToast } from '../ui/toast.tsx';
import { NewAddress } from './new-address.tsx';
import { respondLabels, signatureLabels } from './webhook-words.ts';

export interface WebhookDialogProps {
  /** The webhook to change; null for a new one. */
  webhook: Webhook | null;
  onClose: () => void;
}

const methodNames: readonly WebhookMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** A dialog that is open, for a new webhook or a change of one. Of a new one it shows the address then. */
export function WebhookDialog({ webhook, onClose }: WebhookDialogProps): ReactElement {
  const toast = useToast();
  const workflows = useWorkflows('');
  const [created, setCreated] = useState<WebhookWithUrl | null>(null);
  const [workflowId, setWorkflowId] = useState('');
  const [name, setName] = useState(webhook?.name ?? '');
  const [methods, setMethods] = useState<readonly WebhookMethod[]>(webhook?.methods ?? ['POST']);
  const [signature, setSignature] = useState<WebhookSignature>(webhook?.signature ?? 'NONE');
  const [secrets, setSecrets] = useState('');
  const [header, setHeader] = useState(webhook?.deliveryIdHeader ?? '');
  const [respond, setRespond] = useState<WebhookRespond>(webhook?.respond ?? 'IMMEDIATELY');
  const [version, setVersion] = useState(webhook?.versionNumber?.toString() ?? '');
  const [timeout, setTimeout] = useState(webhook === null ? '' : String(webhook.timeoutMs / 1_000));
  const [perMinute, setPerMinute] = useState(webhook?.maxPerMinute.toString() ?? '');
  const [tolerance, setTolerance] = useState(webhook?.toleranceSeconds.toString() ?? '');
  const seconds = toNumber(timeout);
  const signsId = signature === 'STRIPE' || signature === 'STANDARD_WEBHOOKS';
  const words = secrets.split(/\s+/).filter((word) => word !== '');
  const input: WebhookInput = {
    name: name.trim() || null,
    methods: [...methods],
    signature,
    // Those that it has stay where none are given.
    ...(words.length > 0 && signature !== 'NONE' ? { signingSecrets: words } : {}),
    deliveryIdHeader: signsId ? null : header.trim() || null,
    respond,
    versionNumber: toNumber(version),
    timeoutMs: seconds && Math.round(seconds * 1_000),
    maxPerMinute: toNumber(perMinute),
    toleranceSeconds: toNumber(tolerance),
  };
  const create = useWebhookChange((client, each: WebhookInput) =>
    client.webhooks.create({ workflowId, ...each }),
  );
  const update = useWebhookChange((client, each: WebhookInput) => client.webhooks.update(webhook!.id, each));
  const { error, isPending } = webhook === null ? create : update;
  const errorAt = (field: string) => errorsOf(error, field);
  const submit = () => {
    if (webhook === null) return create.mutate(input, { onSuccess: setCreated });
    update.mutate(input, {
      onSuccess: () => {
        toast({ tone: 'success', text: 'Saved' });
        onClose();
      },
    });
  };
  if (created !== null) return <NewAddress webhook={created} onClose={onClose} />;
  return (
    <FormDialog
      title={webhook === null ? 'New webhook' : `Change ${webhook.name}`}
      onClose={onClose}
      action={webhook === null ? 'Create' : 'Save'}
      onSubmit={submit}
      isBusy={isPending}
      isDisabled={webhook === null && workflowId === ''}
      fault={faultBeside(error, fields)}
    >
      {webhook === null && (
        <SelectField
          label="Workflow"
          isRequired
          error={errorAt('workflowId')}
          value={workflowId}
          onChange={setWorkflowId}
          options={[['', 'Choose one'], ...(workflows.data ?? []).map(({ id, name }) => [id, name] as const)]}
        />
      )}
      <TextField
        label="Name"
        error={errorAt('name')}
        value={name}
        maxLength={200}
        placeholder="Orders of the shop"
        onChange={setName}
      />
      <NumberField
        label="Version"
        description="The version of the workflow that it runs."
        placeholder="the latest at each request"
        max={2_147_483_647}
        value={version}
        onChange={setVersion}
        error={errorAt('versionNumber')}
      />
      <SelectField
        label="Signature"
        error={errorAt('signature')}
        value={signature}
        onChange={setSignature}
        options={Object.entries(signatureLabels)}
      />
      {signature !== 'NONE' && (
        <TextField
          label="Signing secrets"
          description={secretsHint(webhook, signature)}
          error={errorAt('signingSecrets')}
          isCode
          rows={2}
          value={secrets}
          onChange={setSecrets}
        />
      )}
      {signsId && (
        <NumberField
          label="Tolerance, in seconds"
          description="How far the signed time may be from now."
          placeholder="300"
          max={86_400}
          value={tolerance}
          onChange={setTolerance}
          error={errorAt('toleranceSeconds')}
        />
      )}
      {!signsId && (
        <TextField
          label="Header with the id of a delivery"
          description="A request with an id that came before starts nothing."
          error={errorAt('deliveryIdHeader')}
          isCode
          value={header}
          placeholder={signature === 'GITHUB' ? 'X-GitHub-Delivery' : 'Idempotency-Key'}
          onChange={setHeader}
        />
      )}
      <SelectField
        label="Answers"
        error={errorAt('respond')}
        value={respond}
        onChange={setRespond}
        options={Object.entries(respondLabels)}
      />
      {respond !== 'IMMEDIATELY' && (
        <NumberField
          label="Waits for the run, in seconds"
          description="After that it answers with the id of the run, which goes on."
          placeholder="30"
          max={300}
          step={0.001}
          value={timeout}
          onChange={setTimeout}
          error={errorAt('timeoutMs')}
        />
      )}
      <NumberField
        label="Requests a minute"
        description="At most, in each process; the rest is answered with 429."
        placeholder="600"
        max={1_000_000}
        value={perMinute}
        onChange={setPerMinute}
        error={errorAt('maxPerMinute')}
      />
      <fieldset className="weft-webhook-form__methods">
        <legend>Methods</legend>
        {methodNames.map((method) => (
          <label key={method}>
            <input
              type="checkbox"
              checked={methods.includes(method)}
              onChange={({ target }) =>
                setMethods(
                  methodNames.filter((each) => (each === method ? target.checked : methods.includes(each))),
                )
              }
            />{' '}
            {method}
          </label>
        ))}
      </fieldset>
    </FormDialog>
  );
}

function secretsHint(webhook: Webhook | null, signature: WebhookSignature): string {
  const isKept = webhook !== null && webhook.signature === signature && webhook.signingSecrets > 0;
  const kept = isKept ? ` Empty: the ${webhook.signingSecrets === 1 ? 'one' : 'two'} that it has.` : '';
  return `What the sender signs with; two, on lines, while one is replaced.${kept}`;
}

const fields = [
  ...['workflowId', 'name', 'versionNumber', 'signature', 'signingSecrets', 'toleranceSeconds'],
  ...['deliveryIdHeader', 'respond', 'timeoutMs', 'maxPerMinute'],
];
