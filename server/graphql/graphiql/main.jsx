import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import firstOperations from './first-operations.graphql';
import './monaco-workers.js';

const url = new URL('/graphql', window.location.href);

// Headers typed into the page go with subscriptions too, as connection params: that is where the token is looked for.
const fetcher = createGraphiQLFetcher({ url: url.href, subscriptionUrl: url.href.replace(/^http/, 'ws') });

createRoot(document.getElementById('root')).render(
  createElement(GraphiQL, {
    fetcher,
    defaultQuery: firstOperations,
    defaultHeaders: '{\n  "Authorization": "Bearer "\n}',
  }),
);
