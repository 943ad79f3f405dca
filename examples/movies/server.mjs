import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const main = new URL('../../dist/server/main.js', import.meta.url).pathname;

/** The server that is running, or else one for as long as the example takes. */
export async function findOrStartServer(url) {
  if (await answers(url)) return { url, stop: async () => {} };
  console.log(`No Weft answers at ${url}, so the example starts one of its own.\n`);
  const child = spawn(process.execPath, ['--enable-source-maps', main], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /^Weft is ready at (\S+)$/.exec(line)?.[1];
    if (ready === undefined) continue;
    return {
      url: ready,
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error('The server ended before it was ready; what it printed is above.');
}

async function answers(url) {
  try {
    return (await fetch(new URL('/healthz', url))).ok;
  } catch {
    return false;
  }
}
