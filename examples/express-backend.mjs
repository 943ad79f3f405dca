/**
 * A backend of your own before Weft: browsers send their requests to the backend, which keeps Weft's token. Start a
 * server (`npm start`), then `node examples/express-backend.mjs`; WEFT_URL and WEFT_API_TOKEN name another server,
 * EXAMPLE_PORT another port to listen on.
 *
 *   curl -i http://127.0.0.1:3000/reports -H 'content-type: application/json' -d '{"rows": [{"price": 3}, {"price": 4}]}'
 *   curl -N http://127.0.0.1:3000/reports/exec_…/events       # server-sent events, for EventSource in a page
 *   curl http://127.0.0.1:3000/reports/exec_…
 */
import { createClient, WeftInputError, WeftNotFoundError } from '@weft/client';
import express from 'express';

const weft = createClient({
  url: process.env.WEFT_URL ?? 'http://127.0.0.1:4000',
  token: process.env.WEFT_API_TOKEN,
});
const workflow = await findOrCreate({
  name: 'Express example: report',
  nodes: [
    { key: 'in', type: 'input' },
    {
      key: 'addUp',
      type: 'python',
      config: {
        code: 'print("adding up")\nresult = {"total": sum(row["price"] for row in input_data["rows"])}',
      },
    },
  ],
  edges: [{ source: 'in', target: 'addUp' }],
  inputSchema: {
    type: 'object',
    required: ['rows'],
    properties: {
      rows: {
        type: 'array',
        items: { type: 'object', required: ['price'], properties: { price: { type: 'number' } } },
      },
    },
  },
});

const app = express();
app.use(express.json());

app.post('/reports', async (request, response) => {
  const run = await weft.executions.start({
    workflowId: workflow.id,
    input: request.body,
    // A page that repeats its request sends the same key, and gets the same run.
    idempotencyKey: request.get('idempotency-key'),
  });
  response.status(202).location(`/reports/${run.id}`).json({ id: run.id });
});

app.get('/reports/:id', async (request, response) => {
  const { status, output, error } = await weft.executions.run(request.params.id).get();
  response.json({ status, output, error });
});

/** EventSource reconnects by itself, with the id of the last event that it received: the cursor. */
app.get('/reports/:id/events', async (request, response) => {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const after = request.get('last-event-id');
  const events = weft.executions.run(request.params.id).events({ after, signal: left.signal });
  try {
    for await (const event of events) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`id: ${event.cursor}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
  } catch (error) {
    if (!left.signal.aborted) throw error;
  }
  response.end();
});

app.use((error, _request, response, next) => {
  if (response.headersSent) next(error);
  else if (error instanceof WeftInputError) response.status(400).json({ errors: error.userErrors });
  else if (error instanceof WeftNotFoundError) response.status(404).json({ error: error.message });
  else next(error);
});

const server = app.listen(Number(process.env.EXAMPLE_PORT ?? 3000), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});

async function findOrCreate(input) {
  const filter = { search: input.name };
  for await (const { id, name } of weft.workflows.list({ filter })) if (name === input.name) return { id };
  return weft.workflows.create(input);
}
