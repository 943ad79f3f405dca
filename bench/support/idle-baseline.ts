/** A bare graphql-ws server in a process of its own, whose subscriptions say one thing and then wait. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { one: { type: GraphQLInt } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      one: {
        type: GraphQLInt,
        async *subscribe() {
          yield { one: 1 };
          await new Promise(() => {});
        },
      },
    },
  }),
});
const http = createServer();
useServer({ schema }, new WebSocketServer({ server: http, path: '/graphql' }));
http.listen(0, '127.0.0.1', () => console.log((http.address() as AddressInfo).port));
