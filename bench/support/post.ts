import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { urlToHttpOptions } from 'node:url';

/**
 * Posts JSON over one kept connection, with as little around it as Node's own HTTP can be: `fetch` takes a millisecond
 * more on a slow machine, which would be told of the server.
 */
export function openPost(stack: DisposableStack | AsyncDisposableStack, url: string) {
  const agent = new Agent({ keepAlive: true });
  stack.defer(() => agent.destroy());
  const headers = { 'content-type': 'application/json' };
  // Once: parsing a URL costs as much as sending a request.
  const target = { ...urlToHttpOptions(new URL(url)), agent, method: 'POST', headers };
  return async (body: string): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request(target, resolve).once('error', reject).end(body);
    return text(await promise);
  };
}
