import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { type DocumentNode, OperationTypeNode, print } from 'graphql';
import { GraphQLClient } from 'graphql-request';
import { createClient } from 'graphql-ws';
import { cacheExchange, fetchExchange, subscriptionExchange, Client as UrqlClient } from 'urql';
import WebSocket from 'ws';

type Variables = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: what a test expects to be there, it looks at
export type Data = any;

/** What each library has a way of its own for. */
export interface OtherClient extends AsyncDisposable {
  query(document: DocumentNode, variables: Variables): Promise<Data>;
  mutate(document: DocumentNode, variables: Variables): Promise<Data>;
  /** Calls back with the data of each result until the callback returns `true`, or the stream ends. */
  subscribe(document: DocumentNode, variables: Variables, onData: (data: Data) => boolean): Promise<void>;
}

export const otherClients: Record<
  string,
  (url: string, token: string) => Promise<OtherClient> | OtherClient
> = {
  'Apollo Client': apollo,
  urql,
  'graphql-request': graphqlRequest,
};

/**
 * As its documentation shows it: a split link and the normalising cache. The cache needs to know which types implement an
 * interface, and that the `id` of a handle is unique in its node alone.
 */
async function apollo(url: string, token: string): Promise<OtherClient> {
  const socket = connect(url, token);
  const client = new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: url, headers: { authorization: `Bearer ${token}` } }),
    ),
    cache: new InMemoryCache({
      possibleTypes: await possibleTypes(url, token),
      typePolicies: { Handle: { keyFields: false } },
    }),
  });
  return {
    query: async (query, variables) => (await client.query({ query, variables })).data,
    mutate: async (mutation, variables) => (await client.mutate({ mutation, variables })).data,
    subscribe: (query, variables, onData) =>
      new Promise((resolve, reject) => {
        const subscription = client.subscribe({ query, variables }).subscribe({
          next({ data, error }) {
            if (error) reject(error);
            else if (onData(data)) subscription.unsubscribe();
            else return;
            resolve();
          },
          error: reject,
          complete: resolve,
        });
      }),
    async [Symbol.asyncDispose]() {
      client.stop();
      await socket.dispose();
    },
  };
}

async function possibleTypes(url: string, token: string): Promise<Record<string, string[]>> {
  const client = new GraphQLClient(url, { headers: { authorization: `Bearer ${token}` } });
  const { __schema } = await client.request<Data>('{ __schema { types { name possibleTypes { name } } } }');
  const abstract = __schema.types.filter((type: Data) => type.possibleTypes);
  return Object.fromEntries(
    abstract.map((type: Data) => [type.name, type.possibleTypes.map(({ name }: Data) => name)]),
  );
}

function urql(url: string, token: string): OtherClient {
  const socket = connect(url, token);
  const client = new UrqlClient({
    url,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query, variables: variables as Variables }, sink as never),
          }),
        }),
      }),
    ],
  });
  const dataOf = ({ data, error }: { data?: Data; error?: Error | undefined }) => {
    if (error) throw error;
    return data;
  };
  return {
    query: async (query, variables) => dataOf(await client.query(query, variables)),
    mutate: async (mutation, variables) => dataOf(await client.mutation(mutation, variables)),
    subscribe: (query, variables, onData) =>
      new Promise((resolve, reject) => {
        const subscription = client.subscription(query, variables);
        const { unsubscribe } = subscription.subscribe(({ data, error, hasNext }) => {
          if (error) return reject(error);
          // When the stream completes, urql emits the last result again.
          if (hasNext && !onData(data)) return;
          resolve();
          queueMicrotask(() => unsubscribe());
        });
      }),
    [Symbol.asyncDispose]: async () => await socket.dispose(),
  };
}

/** It has no subscriptions, so it is used beside graphql-ws, as its documentation says. */
function graphqlRequest(url: string, token: string): OtherClient {
  const client = new GraphQLClient(url, { headers: { authorization: `Bearer ${token}` } });
  const socket = connect(url, token);
  return {
    query: (document, variables) => client.request(document, variables),
    mutate: (document, variables) => client.request(document, variables),
    async subscribe(document, variables, onData) {
      for await (const { data } of socket.iterate({ query: print(document), variables }))
        if (onData(data)) return;
    },
    [Symbol.asyncDispose]: async () => await socket.dispose(),
  };
}

function connect(url: string, token: string) {
  return createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  });
}
