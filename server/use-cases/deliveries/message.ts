import { randomUUID } from 'node:crypto';
import type { ChangeType } from '../changes/change.ts';
import type { PlacedChange } from '../changes/read-changes.ts';

/** What is sent: https://www.standardwebhooks.com has the form. */
export interface Message {
  /** Receivers tell by it what they had before. */
  id: string;
  type: string;
  executionId: string | null;
  /** JSON text, which is signed and sent as it stands. */
  payload: string;
}

/** `EXECUTION_FAILED` is `execution.failed`. */
export function messageType(type: ChangeType): string {
  return type.toLowerCase().replace('_', '.');
}

/** Without inputs, outputs and code. What a change does not have is left out. */
export function messageOf(change: PlacedChange): Message {
  const { txid: _, project: __, type: changeType, occurredAt, ...fields } = change;
  const type = messageType(changeType);
  const data = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  return {
    id: `evt_${change.executionId.replace(/^exec_/, '')}_${change.sequence}`,
    type,
    executionId: change.executionId,
    payload: JSON.stringify({ type, timestamp: occurredAt, data }),
  };
}

/** For somebody who tries whether an endpoint works. */
export function sampleMessage(endpointId: string): Message {
  const type = 'webhook.test';
  const data = { endpointId, message: 'A sample, because somebody asked for it.' };
  return {
    id: `evt_${randomUUID()}_test`,
    type,
    executionId: null,
    payload: JSON.stringify({ type, timestamp: new Date(), data }),
  };
}
