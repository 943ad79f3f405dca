import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { openLocalSandbox } from '../../server/sandbox/local/local-sandbox.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { openTestEnvironments } from './test-environments.ts';
import { serveSandbox } from './test-service.ts';

/**
 * A process that serves a sandbox, for owned-sandbox.ts: `serve-sandbox.js <run folder>` prints the service's URL. For
 * each line that it reads, it uses a little of what the kernel counts for its user, and prints `well` or the error.
 */
const [runFolder] = process.argv.slice(2);
const sandbox = await openLocalSandbox({
  runFolder: runFolder!,
  environments: await openTestEnvironments(`${runFolder}/python`),
  pythonPath: '/usr/bin/python3',
  policy: 'kernel',
  idleCells: 4,
  logger: makeLogger(process.env.TEST_LOG_LEVEL ?? 'silent'),
});
const service = await serveSandbox(sandbox);
console.log(service.url);
for await (const _line of createInterface(process.stdin)) {
  console.log(await useWhatIsCounted().then(() => 'well', String));
}
await service[Symbol.asyncDispose]();
await sandbox[Symbol.asyncDispose]();
process.exit();

/** Watches of epoll and of inotify, sockets, pipes, processes and threads. */
async function useWhatIsCounted(): Promise<void> {
  watch(runFolder!).close();
  await promisify(execFile)('/bin/true');
  await once(new Worker('', { eval: true }), 'exit');
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await Promise.all(Array.from({ length: 50 }, () => once(connect(port, '127.0.0.1').resume(), 'close')));
  server.close();
}
