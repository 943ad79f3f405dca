import type { WatchedEvent, WeftClient } from './weft-client.ts';

/** What the journal shows of executions that a limit counts: from their admission to their end. */
export interface Span {
  id: string;
  from: number;
  to: number;
}

/** Its admission is not in its journal where nothing held it back; then its start counts. */
export function spanOf(id: string, events: readonly WatchedEvent[]): Span {
  const at = (type: string) => events.find(({ __typename }) => __typename === type)?.occurredAt;
  return { id, from: Date.parse(at('ExecutionStarted')!), to: Date.parse(events.at(-1)!.occurredAt) };
}

/** How many of them were under way at once, at most. */
export function mostAtOnce(spans: readonly Span[]): number {
  const changes = spans.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ]);
  // What ends in the millisecond in which another one starts made room for it.
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  return Math.max(...changes.map(({ by }) => (now += by)));
}

export interface Place {
  limit: string;
  key: string | null;
  position: number;
  since: string;
  until: string | null;
}

export async function waitingFor(
  weft: WeftClient,
  id: string,
): Promise<{ status: string; waitingFor: Place | null }> {
  const { execution } = await weft.query<{ execution: { status: string; waitingFor: Place | null } }>(
    'query ($id: ID!) { execution(id: $id) { status waitingFor { limit key position since until } } }',
    { id },
  );
  return execution;
}
