/** The program of an evaluator process: handles one request at a time (evaluator-process.ts has the other end). */
import { Worker } from 'node:worker_threads';
import { coerceError } from '../shared/errors.ts';
import { analyzeExpression } from './analyze-expression.ts';
import { evaluateExpressions } from './evaluate-expressions.ts';
import type { EvaluatorRequest, EvaluatorResponse } from './evaluator-process.ts';
import { findSchemaErrors, schemaProblem } from './json-schema.ts';
import { EvaluationError, LIMITS } from './limits.ts';

endWithParent();
// A terminal sends these signals to the whole process group; the server still needs responses while it closes.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
process.on('message', (request: EvaluatorRequest) => void respond(request));
await warmUp();
process.send!('ready');

async function respond(request: EvaluatorRequest): Promise<void> {
  try {
    for await (const json of resultsOf(request)) process.send!({ json } satisfies EvaluatorResponse);
  } catch (error) {
    process.send!(problemOf(error));
  }
}

async function* resultsOf(request: EvaluatorRequest): AsyncGenerator<string> {
  switch (request.kind) {
    case 'evaluate':
      return yield* evaluateExpressions(request.expressions, request.scope);
    case 'analyze':
      return yield JSON.stringify(request.expressions.map(analyzeExpression));
    case 'findSchemaErrors':
      return yield JSON.stringify(findSchemaErrors(request.schema, request.value));
    case 'checkSchema':
      return yield JSON.stringify(schemaProblem(request.schema));
  }
}

/** The first evaluation of a process loads and compiles what the later ones find ready. Its time is nobody's. */
async function warmUp(): Promise<void> {
  const schema = { properties: { warm: { pattern: '^up$' } } };
  const requests: EvaluatorRequest[] = [
    { kind: 'analyze', expressions: ['input.warm + 1'] },
    { kind: 'evaluate', expressions: ['input.warm + 1'], scope: { input: { warm: 1 } } },
    { kind: 'findSchemaErrors', schema, value: { warm: 'down' } },
  ];
  for (const request of requests) await Array.fromAsync(resultsOf(request));
}

function problemOf(error: unknown): EvaluatorResponse {
  const message = coerceError(error).message.slice(0, LIMITS.messageCharacters);
  return { problem: { message, position: error instanceof EvaluationError ? error.position : null } };
}

/**
 * The server never writes to stdin, so stdin closes only when the server is gone, also after a crash. A thread waits for
 * that, because the main thread may be busy for ever.
 */
function endWithParent(): void {
  const watch = `require('node:fs').readSync(0, Buffer.alloc(1)); process.kill(process.pid, 'SIGKILL')`;
  new Worker(watch, { eval: true });
}
