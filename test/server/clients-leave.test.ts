import { once } from 'node:events';
import { connect } from 'node:net';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

test.each(['/', '/graphiql/'])(
  'a client that leaves in the midst of what %s loads is no error of the server',
  async (page) => {
    await using database = await createDatabase();
    await using server = await startWeft({ databaseUrl: database.url });
    const { origin, port } = new URL(server.url);
    const text = await (await fetch(origin + page)).text();
    const [, script] = /<script[^>]* src="([^"]+)"/.exec(text)!;
    const { pathname } = new URL(script!, origin + page);
    for (let n = 0; n < 20; n++) {
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`GET ${pathname} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
      if (n % 2 === 0) await once(socket, 'data');
      socket.resetAndDestroy();
    }
    expect((await fetch(`${origin}${pathname}`)).status).toBe(200);
    await server.stop();
    expect(server.stderr).not.toContain('unexpectedly');
  },
);
