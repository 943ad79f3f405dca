/**
 * Runs the workflow in workflow.mjs on a public data set, prints its events live, and writes the result.
 * `npm run example`; WEFT_URL and WEFT_API_TOKEN name another server.
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
await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

async function main() {
  const server = await findOrStartServer(process.env.WEFT_URL || undefined);
  try {
    await runWorkflow(server.url);
  } finally {
    await server.stop();
  }
}

async function runWorkflow(url) {
  const { workflow: saved } = await mutate(
    url,
    'mutation ($input: WorkflowInput!) { workflowCreate(input: $input) { workflow { id } userErrors { field message } } }',
    { input: workflow },
  );
  const text = await readFile(
    new URL('../../node_modules/vega-datasets/data/movies.json', import.meta.url),
    'utf8',
  );
  const { execution } = await mutate(
    url,
    'mutation ($input: ExecutionStartInput!) { executionStart(input: $input) { execution { id } userErrors { field message } } }',
    { input: { workflowId: saved.id, input: { text } } },
  );
  console.log(`Execution ${execution.id} of workflow ${saved.id}\n`);
  const end = await watch(url, execution.id);
  if (end.__typename !== 'ExecutionSucceeded') process.exitCode = 1;
  else await write(end.output);
}

/** Runs one mutation. @returns its payload @throws Error with the server's message */
async function mutate(url, query, variables) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json().catch(() => null)) ?? {};
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
  if (!data) throw notGraphql(response);
  const [payload] = Object.values(data);
  if (payload.userErrors.length > 0) {
    throw new Error(payload.userErrors.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  }
  return payload;
}

function notGraphql({ url, status, headers }) {
  const type = headers.get('content-type') ?? 'no content type';
  return new Error(
    `Expected a GraphQL answer from ${url}, got HTTP ${status} with ${type}. Is that a Weft server? Name another with WEFT_URL.`,
  );
}

/** Prints events live until the subscription completes. @returns the last event */
async function watch(url, executionId) {
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
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
