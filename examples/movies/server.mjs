import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const main = new URL('../../dist/bundle/main.js', import.meta.url).pathname;
const defaultUrl = 'http://127.0.0.1:4000';

/** The server at `configured`, or at the default address, or else a server of the example's own, until `stop()`. */
export async function findOrStartServer(configured) {
  const url = graphqlUrl(configured ?? defaultUrl);
  const health = await fetch(new URL('/healthz', url)).catch(() => undefined);
  if (health && (health.ok || configured)) return { url, stop: async () => {} };
  if (configured !== undefined) {
    throw new Error(
      `Expected a Weft server at ${url}, the value of WEFT_URL, got no answer. Start it, or correct WEFT_URL; ` +
        'without WEFT_URL the example starts a server of its own.',
    );
  }
  console.log(`No Weft answers at ${url}, so the example starts one of its own.\n`);
  return await startServer();
}

/** With `/graphql` or without, as for `@weft/client`. */
function graphqlUrl(address) {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!/^https?:$/.test(url?.protocol))
    throw new Error(`Expected WEFT_URL to be an address such as ${defaultUrl}, got "${address}".`);
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}

async function startServer() {
  const child = spawn(process.execPath, [main], {
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
    '\nThe server of the example ended before it was ready; its output is above. If a server of this checkout runs ' +
      'already, on another port, name it: WEFT_URL=http://127.0.0.1:<port> npm run example',
  );
}
