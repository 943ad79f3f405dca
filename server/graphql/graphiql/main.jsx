import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import firstOperations from './first-operations.graphql';
import './monaco-workers.js';

const url = new URL('/graphql', window.location.href);

// What is typed under Headers, such as the token, goes with subscriptions too: as their connection params.
const fetcher = createGraphiQLFetcher({ url: url.href, subscriptionUrl: url.href.replace(/^http/, 'ws') });

createRoot(document.getElementById('root')).render(
  createElement(GraphiQL, { fetcher, defaultQuery: firstOperations }),
);
