import {
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { openAccess } from '../../server/auth/access.ts';
import { JsonScalar } from '../../server/graphql/scalars.ts';
import {
  type GraphqlServer,
  type GraphqlServerOptions,
  openGraphqlServer,
} from '../../server/graphql/transport/server.ts';
import { WeftError } from '../../server/shared/errors.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import type { Acquire } from '../../server/shared/semaphore.ts';

export interface TransportServer extends GraphqlServer {
  /** How many subscriptions are open, and how many values of `flood` and `pages` the server has pulled. */
  counts: { open: number; pulled: number };
}

/** The real transports around a small schema, so that what is tested is the transports alone. */
export async function openTransportServer({
  apiToken,
  ...options
}: Partial<GraphqlServerOptions> & { apiToken?: string } = {}): Promise<TransportServer> {
  const counts = { open: 0, pulled: 0 };
  const server = await openGraphqlServer({
    schema: makeSchema(counts),
    makeContext: (operation) => operation,
    host: '127.0.0.1',
    port: 0,
    allowedOrigins: [],
    maxConnections: 10_000,
    compiledEvents: true,
    isReady: async () => ({ ready: true }),
    openArtifact: async () => null,
    files: { maxBytes: 1_000, save: async () => ({}) },
    async *eventLines() {},
    receiveWebhook: () => Promise.reject(new Error('unused')),
    access: openAccess({
      apiToken,
      tokens: null,
      projects: null,
      oidc: null,
      hub: null,
      logger: makeLogger('silent'),
    }),
    logger: makeLogger('silent'),
    ...options,
  });
  return Object.assign(server, { counts });
}

function makeSchema(counts: { open: number; pulled: number }): GraphQLSchema {
  const inner: GraphQLObjectType = new GraphQLObjectType({
    name: 'Inner',
    fields: () => ({ inner: { type: inner, resolve: () => ({}) }, name: { type: GraphQLString } }),
  });
  const count = new GraphQLNonNull(GraphQLInt);
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        hello: { type: GraphQLString, resolve: () => 'world' },
        echo: { type: JsonScalar, args: { value: { type: JsonScalar } }, resolve: (_, { value }) => value },
        inner: { type: inner, resolve: () => ({}) },
        secret: { type: GraphQLString, resolve: () => Promise.reject(new Error('password is hunter2')) },
        known: {
          type: GraphQLString,
          resolve: () => Promise.reject(new WeftError('NO_TEA', 'No tea today')),
        },
        broken: { type: GraphQLInt, resolve: () => 'not a number' },
      },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: { touch: { type: GraphQLString, resolve: () => 'touched' } },
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        countTo: {
          type: count,
          args: { last: { type: count } },
          ...from((args) => countTo(args.last, counts)),
        },
        never: { type: count, ...from(() => never(counts)) },
        pages: { type: GraphQLString, ...from((_args, { acquire }) => pages(counts, acquire)) },
        flood: { type: new GraphQLList(GraphQLString), ...from(() => flood(counts)) },
        uncountedFlood: {
          type: new GraphQLList(GraphQLString),
          ...from(() => flood({ open: 0, pulled: 0 })),
        },
        read: {
          // Without a resolver, as the events of executions.
          type: new GraphQLObjectType({
            name: 'Read',
            fields: { text: { type: GraphQLString }, number: { type: GraphQLInt } },
          }),
          args: { value: { type: JsonScalar } },
          subscribe: (_root, { value }) => readOnce(value),
        },
        failing: { type: count, ...from(() => failing()) },
      },
    }),
  });
}

function from(start: (args: { last: number }, context: { acquire: Acquire }) => AsyncIterator<unknown>) {
  return {
    subscribe: (_root: unknown, args: unknown, context: { acquire: Acquire }) => ({
      [Symbol.asyncIterator]: () => start(args as { last: number }, context),
    }),
    resolve: (value: unknown) => value,
  };
}

async function* countTo(last: number, counts: { open: number }) {
  counts.open += 1;
  try {
    for (let n = 1; n <= last; n++) yield n;
  } finally {
    counts.open -= 1;
  }
}

async function* flood(counts: { open: number; pulled: number }) {
  const batch = new Array(64).fill('x'.repeat(1024));
  counts.open += 1;
  try {
    for (;;) {
      counts.pulled += 1;
      yield batch;
    }
  } finally {
    counts.open -= 1;
  }
}

/** Each as large as a page of a journal, and pulled in turns as the sources of events do. */
async function* pages(counts: { open: number; pulled: number }, acquire: Acquire) {
  const page = 'x'.repeat(8 * 1024 * 1024);
  const { signal } = new AbortController();
  for (;;) {
    using _turn = await acquire(signal);
    counts.pulled += 1;
    yield page;
  }
}

async function* readOnce(value: unknown) {
  yield { read: value };
}

async function* failing() {
  yield 1;
  throw new Error('password is hunter2');
}

/** Waits forever, but ends at once on `return`, as every source of events must. */
function never(counts: { open: number }): AsyncIterator<unknown> {
  const { promise, resolve } = Promise.withResolvers<IteratorResult<unknown>>();
  counts.open += 1;
  return {
    next: () => promise,
    return: async () => {
      counts.open -= 1;
      resolve({ done: true, value: undefined });
      return { done: true, value: undefined };
    },
  };
}
