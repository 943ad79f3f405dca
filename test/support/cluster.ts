import { setTimeout as delay } from 'node:timers/promises';
import { WeftClient } from './weft-client.ts';
import { startWeft, type WeftServer, type WeftServerOptions } from './weft-server.ts';

/** One process of a cluster, which comes back on the same port when the test ends it, as an orchestrator sees to. */
export interface Member extends AsyncDisposable {
  name: string;
  url: string;
  readonly up: boolean;
  /** SIGKILL, a pause, and a new process. Resolves when that is ready. */
  kill(pauseMs: number): Promise<void>;
  /** SIGTERM, and a new process when the old one has ended. */
  replace(): Promise<void>;
}

export async function startMember(name: string, options: WeftServerOptions): Promise<Member> {
  let server: WeftServer | null = await startWeft(options);
  let coming: Promise<void> = Promise.resolve();
  const url = server.url;
  const env = { ...options.env, PORT: new URL(url).port };

  function comeBack(end: (former: WeftServer) => Promise<unknown>, pauseMs: number): Promise<void> {
    const former = server;
    if (former === null) return coming;
    server = null;
    coming = end(former)
      .then(() => former[Symbol.asyncDispose]())
      .then(() => delay(pauseMs))
      .then(async () => {
        server = await startWhenPossible({ ...options, env });
      });
    return coming;
  }

  return {
    name,
    url,
    get up() {
      return server !== null;
    },
    kill: (pauseMs) => comeBack((former) => former.kill(), pauseMs),
    replace: () => comeBack((former) => former.stop(), 0),
    async [Symbol.asyncDispose]() {
      await coming;
      await server?.[Symbol.asyncDispose]();
    },
  };
}

/** What starts while the database is away ends with an error, and is started again. */
async function startWhenPossible(options: WeftServerOptions): Promise<WeftServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startWeft(options);
    } catch (error) {
      if (attempt === 20) throw error;
      await delay(200);
    }
  }
}

/** Clients of the members that serve the API; `any` gives one of a member that is up. */
export function clientsOf(members: readonly Member[], pick: <T>(list: readonly T[]) => T) {
  const clients = new Map(members.map((member) => [member, new WeftClient(member.url)]));
  return {
    any: () => {
      const up = members.filter((member) => member.up);
      return clients.get(pick(up.length > 0 ? up : members))!;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients.values()].map((client) => client[Symbol.asyncDispose]()));
    },
  };
}
