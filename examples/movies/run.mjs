/**
 * Runs the workflow in workflow.mjs on a public data set, prints what happens as it happens, and writes the
 * result. `npm run example`; WEFT_URL and WEFT_API_TOKEN say which server.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { makePrinter } from './print.mjs';
import { findOrStartServer } from './server.mjs';
import { workflow } from './workflow.mjs';

const EVENTS = `subscription ($executionId: ID!) {
  executionEvents(executionId: $executionId) {
    events {
      __typename occurredAt nodeKey
      ... on ExecutionSucceeded { output }
      ... on ExecutionFailed { error { code message } }
      ... on NodeSucceeded { durationMs }
      ... on NodeFailed { error { code type message line } }
      ... on NodeOutput { text }
      ... on NodeProgress { current total message }
    }
  }
}`;

const token = process.env.WEFT_API_TOKEN;
const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
const server = await findOrStartServer(process.env.WEFT_URL ?? 'http://127.0.0.1:4000/graphql');
try {
  const { workflow: saved } = await mutate(
    'mutation ($input: WorkflowInput!) { workflowCreate(input: $input) { workflow { id } userErrors { field message } } }',
    { input: workflow },
  );
  const text = await readFile(
    new URL('../../node_modules/vega-datasets/data/movies.json', import.meta.url),
    'utf8',
  );
  const { execution } = await mutate(
    'mutation ($input: ExecutionStartInput!) { executionStart(input: $input) { execution { id } userErrors { field message } } }',
    { input: { workflowId: saved.id, input: { text } } },
  );
  console.log(`Execution ${execution.id} of workflow ${saved.id}\n`);
  const end = await watch(execution.id);
  if (end.__typename !== 'ExecutionSucceeded') process.exitCode = 1;
  else await write(end.output);
} finally {
  await server.stop();
}

/** One mutation; its payload, or an error that says what the server did not like. */
async function mutate(query, variables) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
  const [payload] = Object.values(data);
  if (payload.userErrors.length > 0) {
    throw new Error(payload.userErrors.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  }
  return payload;
}

/** Prints events live until the subscription completes; the last one tells how it ended. */
async function watch(executionId) {
  const client = createClient({
    url: server.url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: authorization,
  });
  const printEvent = makePrinter();
  let last;
  for await (const { data, errors } of client.iterate({ query: EVENTS, variables: { executionId } })) {
    if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
    data.executionEvents.events.forEach(printEvent);
    last = data.executionEvents.events.at(-1) ?? last;
  }
  await client.dispose();
  return last;
}

async function write(output) {
  const file = new URL('report.json', import.meta.url);
  await writeFile(file, `${JSON.stringify(output, null, 2)}\n`);
  console.log(
    `\n${output.movies} movies${output.repaired ? ', some of them repaired' : ''}. The genres that earned most:`,
  );
  console.table(output.topGenres);
  console.log(`The whole report is in ${file.pathname}`);
}
