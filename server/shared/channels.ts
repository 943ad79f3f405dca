import { type Channel, channel } from 'node:diagnostics_channel';

/**
 * What happens in the rooms of the server, for whoever measures it. A room asks `hasSubscribers` before it measures, so
 * that what nobody listens to costs a comparison.
 */
export const channels = {
  /** A commit of the journal. */
  commit: make<{ types: readonly string[]; tookMs: number }>('weft:commit'),
  /** The end of an attempt of a node. */
  attempt: make<{ type: string; outcome: string; durationMs: number }>('weft:attempt'),
  /** A run that got its sandbox. `isWaiting`: one that was made ahead. */
  cell: make<{ waitMs: number; isWaiting: boolean }>('weft:cell'),
  /** A run with packages. WARM: its interpreter has them imported; COLD: it is started, or the packages are installed. */
  environment: make<{ found: 'WARM' | 'COLD' }>('weft:environment'),
  /** Events that a live subscriber is given, so long after they happened. */
  delivery: make<{ lagMs: number }>('weft:delivery'),
  /** An attempt to send a change to a webhook endpoint; `retried` where another one follows. */
  webhook: make<{ outcome: 'succeeded' | 'retried' | 'failed'; tookMs: number }>('weft:webhook'),
  /** A subscription that begins (1) or ends (-1). */
  subscription: make<{ by: 1 | -1 }>('weft:subscription'),
};

type Typed<Message> = Omit<Channel, 'publish' | 'subscribe' | 'unsubscribe'> & {
  publish(message: Message): void;
  subscribe(listener: (message: Message) => void): void;
  unsubscribe(listener: (message: Message) => void): void;
};

function make<Message>(name: string): Typed<Message> {
  return channel(name) as unknown as Typed<Message>;
}
