import type { Document } from './_generated_operations.ts';
import type { ClientContext } from './context.ts';
import { type Connection, type Listing, type ListOptions, makeListing } from './listing.ts';
import { type FollowOptions, type LiveStream, openLiveStream } from './live-stream.ts';
import type { Settings } from './options.ts';
import { request } from './request.ts';
import { operationName } from './transport/http.ts';

interface ListVariables<Filter> {
  first?: number | null | undefined;
  after?: string | null | undefined;
  filter?: Filter | null | undefined;
}

/** The function of a noun that lists it, by the field of the schema that has its pages. */
export function makeList<Key extends string, T, Filter>(
  settings: Settings,
  document: Document<Record<Key, Connection<T>>, ListVariables<Filter>>,
  key: Key,
): (options?: ListOptions & { filter?: Filter }) => Listing<T> {
  return ({ filter, ...options } = {}) =>
    makeListing(
      options,
      async (page) => (await request(settings, document, { ...page, filter }, options))[key],
    );
}

/** The function of a noun that follows its changes; what is left of its options are the subscription's variables. */
export function makeFollow<Key extends string, T, Variables extends object>(
  context: ClientContext,
  document: Document<Record<Key, T>, Variables>,
  key: Key,
): (options?: FollowOptions & Variables) => LiveStream<T> {
  return ({ signal, onOpen, ...variables } = {} as never) =>
    openLiveStream(context, operationName(document), signal, (connect) =>
      connect({
        document,
        variables: async () => variables as unknown as Variables,
        select: (result) => result[key],
        countEvents: () => 1,
        onOpen,
      }),
    );
}
