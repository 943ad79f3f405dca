import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { fetchOperation } from './fetch-operation.js';
import firstOperations from './first-operations.graphql';
import './monaco-workers.js';
import { CopyExecutionId, StopOnTabChange, WrapLines } from './tabs.js';

createRoot(document.getElementById('root')).render(
  createElement(
    GraphiQL,
    { fetcher: fetchOperation, defaultQuery: firstOperations, defaultEditorToolsVisibility: 'variables' },
    createElement(CopyExecutionId),
    createElement(StopOnTabChange),
    createElement(WrapLines),
  ),
);
