/**
 * Runs a piece of Python, and prints its output and progress live. Start a server (`npm start`), then
 * `node examples/node-script.mjs`; WEFT_URL and WEFT_API_TOKEN name another server.
 */
import { createClient, WeftExecutionError } from '@weft/client';

const weft = createClient({
  url: process.env.WEFT_URL ?? 'http://127.0.0.1:4000',
  token: process.env.WEFT_API_TOKEN,
});

const code = `
import time
total = 0
for index, row in enumerate(input_data["rows"]):
    time.sleep(0.2)
    print(row["city"], row["sales"])
    progress(index + 1, len(input_data["rows"]))
    total += row["sales"]
result = {"total": total}
`;
const rows = [
  { city: 'Lyon', sales: 120 },
  { city: 'Porto', sales: 80 },
  { city: 'Graz', sales: 40 },
];

const run = weft.python.run({ code, input: { rows } });
for await (const event of run.events()) {
  if (event.type === 'NodeOutput') process.stdout.write(event.text);
  if (event.type === 'NodeProgress') console.log(`${event.current} of ${event.total}`);
}
try {
  const { total } = await run.result();
  console.log(`The total is ${total}.`);
} catch (error) {
  if (!(error instanceof WeftExecutionError)) throw error;
  console.error(`${error.code} in line ${error.line}: ${error.message}`);
  process.exitCode = 1;
}
