/** The page that origin.test.ts drives: each function answers how a client of this page gets on with a server. */
import { createClient, WeftError } from '../../../client-sdk/src/index.ts';

window.request = (options) => outcomeOf(createClient({ maxRetries: 0, ...options }).serverInfo());

window.follow = (options) => {
  const client = createClient({ timeouts: { reconnectMs: -1 }, ...options });
  return outcomeOf(client.executions.run('exec_1').events().next());
};

function outcomeOf(promise) {
  return promise.then(
    () => ({ code: 'OK' }),
    (error) => ({ code: error instanceof WeftError ? error.code : String(error), message: error.message }),
  );
}
