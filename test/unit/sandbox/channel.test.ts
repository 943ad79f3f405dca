import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type CellFrame, encodeFrame } from '../../../server/sandbox/frames.ts';
import { CellChannel } from '../../../server/sandbox/local/channel.ts';
import { makeTempFolder } from '../../support/temp-folder.ts';

/** A channel, and the cell at its other end. */
async function openChannel(stack: AsyncDisposableStack): Promise<{ channel: CellChannel; cell: Socket }> {
  const { path } = stack.use(await makeTempFolder());
  const server = createServer().listen(`${path}/cell.sock`);
  stack.defer(() => void server.close());
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const socket = connect(`${path}/cell.sock`).on('error', () => {});
  const channel = new CellChannel(socket);
  stack.defer(() => channel.close());
  const [cell] = (await connected) as [Socket];
  return { channel, cell };
}

test.each([
  ['while its events are held up', (channel: CellChannel) => channel.pause()],
  ['at that moment', () => {}],
])('a result is read before an answer is sent to a cell that ended %s', async (_, hold) => {
  await using stack = new AsyncDisposableStack();
  const { channel, cell } = await openChannel(stack);
  const frames: CellFrame[] = [];
  channel.onFrame = (frame) => frames.push(frame);
  hold(channel);
  cell.end(encodeFrame({ kind: 'result', json: '1' }));
  await once(cell, 'finish');
  cell.destroy();
  const sent = channel.caughtUp().then(() => channel.sendSlowly({ kind: 'response' }));
  channel.resume();
  await channel.closed;
  await sent;
  expect(frames).toMatchObject([{ kind: 'result' }]);
});
