import type { Webhook, WebhookRequest, WebhookRespond, WebhookSignature } from '@weft/client';
import type { StatusTone } from '../ui/status-badge.tsx';

export const signatureLabels: Record<WebhookSignature, string> = {
  NONE: 'Not signed: who knows the address may call it',
  GITHUB: 'GitHub (X-Hub-Signature-256)',
  STRIPE: 'Stripe (Stripe-Signature)',
  STANDARD_WEBHOOKS: 'Standard Webhooks, Svix (webhook-signature)',
};

export const respondLabels: Record<WebhookRespond, string> = {
  IMMEDIATELY: 'At once, with the id of the run',
  OUTPUT: 'With the output of the run, when it has ended',
  NODE: 'As a respond node of the workflow says',
};

const signatureNames: Record<WebhookSignature, string> = {
  NONE: 'not signed',
  GITHUB: 'signed as GitHub does',
  STRIPE: 'signed as Stripe does',
  STANDARD_WEBHOOKS: 'signed by Standard Webhooks',
};

/** What a webhook takes, in a line. */
export function takesOf({ methods, signature }: Pick<Webhook, 'methods' | 'signature'>): string {
  return `${methods.join(', ')}, ${signatureNames[signature]}`;
}

export function isRecording({ recordUntil }: Pick<Webhook, 'recordUntil'>): boolean {
  return recordUntil !== null && Date.parse(recordUntil) > Date.now();
}

/** What a request was answered with, and how well that is. */
export function answerOf({ status, outcome }: WebhookRequest): { tone: StatusTone; label: string } {
  if (status === null) return { tone: 'neutral', label: 'No answer' };
  const label = outcome === 'REPEATED' ? `${status}, repeated` : String(status);
  return { tone: status < 400 ? 'success' : 'failure', label };
}
