import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const main = new URL('../../dist/server/main.js', import.meta.url).pathname;
const usual = 'http://127.0.0.1:4000';

/** The server at `given`; where none is given, the one at the usual address, or else one for as long as the example takes. */
export async function findOrStartServer(given) {
  const url = graphqlUrl(given ?? usual);
  const health = await fetch(new URL('/healthz', url)).catch(() => undefined);
  if (health && (health.ok || given)) return { url, stop: async () => {} };
  if (given !== undefined) {
    throw new Error(
      `Expected a Weft server at ${url}, as WEFT_URL says, got no answer. Start it, or mend WEFT_URL; without ` +
        'WEFT_URL the example starts a server of its own.',
    );
  }
  console.log(`No Weft answers at ${url}, so the example starts one of its own.\n`);
  return await startServer();
}

/** With `/graphql` or without, as for `@weft/client`. */
function graphqlUrl(given) {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!/^https?:$/.test(url?.protocol))
    throw new Error(`Expected WEFT_URL to be an address such as ${usual}, got "${given}".`);
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}

async function startServer() {
  const child = spawn(process.execPath, ['--enable-source-maps', main], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^Weft is ready at (\S+)$/.exec(line)?.[1];
    if (url === undefined) continue;
    return {
      url,
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error(
    '\nThe server of the example ended before it was ready; why stands above. If a server of this checkout runs ' +
      'already, on another port, name it: WEFT_URL=http://127.0.0.1:<port> npm run example',
  );
}
