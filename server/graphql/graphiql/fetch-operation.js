import { createGraphiQLFetcher, isAsyncIterable } from '@graphiql/toolkit';

const url = new URL('/graphql', window.location.href);

// The headers of the Headers editor, such as the token, reach subscriptions too: as their connection params.
const fetcher = createGraphiQLFetcher({
  url: url.href,
  subscriptionUrl: url.href.replace(/^http/, 'ws'),
  enableIncrementalDelivery: false,
});

/** Dispatches `started`, whose `detail` is the id of an execution that a mutation has returned. */
export const executions = new EventTarget();

/** GraphiQL shows only the last result of a subscription. A run is read as a whole, so its events are gathered. */
export async function fetchOperation(params, options) {
  const results = await fetcher(params, options);
  if (isAsyncIterable(results)) return gatherEvents(results);
  const payloads = Object.values(results.data ?? {});
  const id = payloads.find((payload) => payload?.execution?.id)?.execution.id;
  if (id) executions.dispatchEvent(new CustomEvent('started', { detail: id }));
  return results;
}

const maxEvents = 1_000;

/** Not an async generator: its `return` would wait for the next result, and a stopped subscription has none. */
function gatherEvents(results) {
  const source = results[Symbol.asyncIterator]();
  let events = [];
  const gathered = {
    [Symbol.asyncIterator]: () => gathered,
    return: () => source.return(),
    async next() {
      const { done, value } = await source.next();
      const batch = value?.data?.executionEvents;
      if (!batch?.events) return { done, value };
      events = [...events, ...batch.events].slice(-maxEvents);
      return { done, value: { ...value, data: { executionEvents: { ...batch, events } } } };
    },
  };
  return gathered;
}
