import type { ChangeType, WebhookDelivery, WebhookEndpoint } from '@weft/client';
import type { StatusTone } from '../ui/status-badge.tsx';

/** The types that an endpoint can choose, in the order of a form. */
export const typeLabels: Readonly<Record<ChangeType, string>> = {
  EXECUTION_SUCCEEDED: 'A run succeeded',
  EXECUTION_FAILED: 'A run failed',
  EXECUTION_CANCELED: 'A run was cancelled',
  NODE_PARKED: 'A failure waits for somebody',
  APPROVAL_REQUESTED: 'An approval is wanted',
  APPROVAL_DECIDED: 'An approval was decided',
  SECURITY_VIOLATION: 'Code tried what is refused',
  SECURITY_ALERT: 'Repeated violations',
  EXECUTION_QUEUED: 'A run is queued',
  EXECUTION_STARTED: 'A run began',
  EXECUTION_WAITING: 'A run waits',
  EXECUTION_RESUMED: 'A run goes on',
};

export const allTypes = Object.keys(typeLabels) as readonly ChangeType[];

export function stateOf({ isEnabled, disabledReason, failingSince }: WebhookEndpoint): {
  tone: StatusTone;
  label: string;
} {
  if (!isEnabled) return { tone: disabledReason === null ? 'waiting' : 'failure', label: 'Off' };
  return failingSince === null ? { tone: 'success', label: 'On' } : { tone: 'failure', label: 'Failing' };
}

export function outcomeOf({ status, attempts }: WebhookDelivery): { tone: StatusTone; label: string } {
  const last = attempts.at(-1);
  switch (status) {
    case 'SUCCEEDED':
      return { tone: 'success', label: `${last?.httpStatus ?? ''} accepted`.trim() };
    case 'FAILED':
      return { tone: 'failure', label: 'Failed' };
    case 'PENDING':
      return { tone: 'waiting', label: attempts.length > 1 || last?.error ? 'Sent again' : 'Being sent' };
    default:
      return status satisfies never;
  }
}
