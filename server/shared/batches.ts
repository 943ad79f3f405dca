import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs single requests in batches: what is asked for in one turn of the event loop, or while `atOnce` batches are under
 * way, goes together. So a lone request waits for nothing, and the busier it is, the more requests share a statement.
 * Where nobody waits for the answer, a batch can be followed by a rest of `restMs`, in which more come together.
 *
 * @param run gives an answer for each request, in order; where it rejects, so do all requests of the batch
 */
export function makeBatches<Request, Answer>(
  run: (requests: Request[]) => Promise<readonly Answer[]>,
  { max, atOnce, restMs = 0 }: { max: number; atOnce: number; restMs?: number },
): (request: Request) => Promise<Answer> {
  let waiting: { request: Request; answer: PromiseWithResolvers<Answer> }[] = [];
  let running = 0;

  function runSoon(): void {
    if (running === atOnce) return;
    running += 1;
    setImmediate(() => void runWaiting());
  }

  // cannot reject: the error of a batch goes to its requests
  async function runWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, max);
      waiting = waiting.slice(max);
      try {
        const answers = await run(batch.map(({ request }) => request));
        for (const [index, { answer }] of batch.entries()) answer.resolve(answers[index]!);
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
      if (restMs > 0) await delay(restMs);
    }
    running -= 1;
  }

  return (request) => {
    const answer = Promise.withResolvers<Answer>();
    waiting.push({ request, answer });
    runSoon();
    return answer.promise;
  };
}
