import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { ROOM_UID } from '../../../server/sandbox/local/room.ts';

/**
 * A host with canaries: everything that a run must not reach exists and is readable, and contains the secret. `input`
 * has the places, for the attacker.
 */
export interface World extends AsyncDisposable {
  secret: string;
  input: Record<string, unknown>;
  /** The data folder, which contains the server's folders. */
  dataFolder: string;
  /** What a socket of the host has received. */
  contacts: string[];
  /** Runs an attack on the host itself, without a sandbox, and returns its output. */
  runOutside(code: string): Promise<string>;
  /** Changes of a process of the host whose pid the attacks know. */
  harmDone(): string[];
}

export async function makeWorld(): Promise<World> {
  const secret = `canary-${randomBytes(12).toString('hex')}`;
  const stack = new AsyncDisposableStack();
  await setEnvironment(`${secret}-environment`);
  stack.defer(() => setEnvironment(''));
  const dataFolder = makeFolder(stack);
  const files = plantFiles(stack, secret, dataFolder);
  const contacts: string[] = [];
  const sockets = await listen(stack, contacts, dataFolder);
  const bystander = await startBystander(stack, secret);
  const before = stateOf(bystander);
  const input = { files, ...sockets, pid: bystander.pid, serverPid: process.pid, folder: dataFolder };
  return {
    secret,
    input,
    dataFolder,
    contacts,
    runOutside: (code) => runOutside(code, input, dataFolder),
    harmDone: () => (stateOf(bystander) === before ? [] : [`${before} became ${stateOf(bystander)}`]),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Jest's process.env is a copy that child processes do not inherit; a worker with SHARE_ENV sets the real one. */
async function setEnvironment(value: string): Promise<void> {
  const code = `process.env.WEFT_TEST_SECRET = ${JSON.stringify(value)}`;
  await once(new Worker(code, { eval: true, env: SHARE_ENV }), 'exit');
}

function makeFolder(stack: AsyncDisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-world-'));
  chmodSync(folder, 0o755);
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** In a folder of /tmp, in the data folder's run folder, beside the sockets, and in the user's home. */
function plantFiles(stack: AsyncDisposableStack, secret: string, folder: string): string[] {
  mkdirSync(join(folder, 'run'));
  const inHome = join(homedir(), `.${secret.slice(0, 16)}`);
  stack.defer(() => rmSync(inHome, { force: true }));
  const files = [join(folder, 'secret.txt'), join(folder, 'run', 'secret.txt'), inHome];
  for (const file of files) writeFileSync(file, `${secret}-file\n`, { mode: 0o644 });
  return files;
}

async function listen(stack: AsyncDisposableStack, contacts: string[], folder: string) {
  const path = join(folder, 'host.sock');
  const abstract = `weft-host-${process.pid}`;
  const addresses = { tcp: 0, unix: path, abstract: `\0${abstract}` };
  const ports: number[] = [];
  for (const [name, address] of Object.entries(addresses)) {
    const server = createServer((socket) => {
      contacts.push(name);
      socket.on('error', () => {}).end('hello');
    });
    server.listen(address);
    await once(server, 'listening');
    stack.defer(async () => void server.close());
    const bound = server.address();
    if (typeof bound === 'object' && bound) ports.push(bound.port);
  }
  chmodSync(path, 0o777);
  const udp = createSocket('udp4', () => contacts.push('udp'));
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  stack.defer(() => void udp.close());
  return { port: ports[0], udpPort: udp.address().port, unixPath: path, abstract };
}

/** A process with the uid of cells, so that only namespaces protect it from them. */
async function startBystander(stack: AsyncDisposableStack, secret: string): Promise<ChildProcess> {
  const asRoot = process.getuid?.() === 0;
  const script = "print('up', flush=True)\nimport time\ntime.sleep(600)";
  const child = spawn('/usr/bin/python3', ['-I', '-c', script, `${secret}-argument`], {
    env: { SECRET: `${secret}-process` },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(asRoot ? { uid: ROOM_UID, gid: ROOM_UID } : {}),
  });
  stack.defer(() => void child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}

/** Alive and not stopped (it may be running, or waiting for a disk), its priority and its limits. */
function stateOf({ pid }: ChildProcess): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return JSON.stringify([
      fields[0]!.replace(/[RD]/, 'S'),
      fields[16],
      readFileSync(`/proc/${pid}/limits`, 'utf8'),
    ]);
  } catch {
    return 'gone';
  }
}

async function runOutside(code: string, input: object, cwd: string): Promise<string> {
  const folder = mkdtempSync(join(cwd, 'outside-'));
  const script = `import json\ninput_data = json.loads(${JSON.stringify(JSON.stringify(input))})\n${code}`;
  const run = promisify(execFile)('/usr/bin/python3', ['-I', '-c', script], { cwd: folder, timeout: 10_000 });
  const { stdout } = await run.catch((failed: { stdout: string }) => failed);
  return stdout;
}
