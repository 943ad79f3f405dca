/** The program of an evaluator's process: answers one question at a time (evaluator-process.ts has the other end). */
import { Worker } from 'node:worker_threads';
import { coerceError } from '../shared/errors.ts';
import type { Answer, Question } from './evaluator-process.ts';
import { evaluateExpressions, readExpression } from './expression.ts';
import { findSchemaErrors, schemaProblem } from './json-schema.ts';
import { EvaluationError, LIMITS } from './limits.ts';

endWithParent();
// For the whole group of processes they are meant for the server, which needs its answers still.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
process.on('message', (question: Question) => void answer(question));
process.send!('ready');

async function answer(question: Question): Promise<void> {
  try {
    for await (const json of answersTo(question)) process.send!({ json } satisfies Answer);
  } catch (error) {
    process.send!(problemOf(error));
  }
}

async function* answersTo(question: Question): AsyncGenerator<string> {
  switch (question.kind) {
    case 'values':
      return yield* evaluateExpressions(question.expressions, question.scope);
    case 'readings':
      return yield JSON.stringify(question.expressions.map(readExpression));
    case 'schemaErrors':
      return yield JSON.stringify(findSchemaErrors(question.schema, question.value));
    case 'schemaProblem':
      return yield JSON.stringify(schemaProblem(question.schema));
  }
}

function problemOf(error: unknown): Answer {
  const message = coerceError(error).message.slice(0, LIMITS.messageCharacters);
  return { problem: { message, position: error instanceof EvaluationError ? error.position : null } };
}

/** Nobody writes to stdin, and it closes when the server is gone, however it went. The main thread may be busy for ever then. */
function endWithParent(): void {
  const watch = `require('node:fs').readSync(0, Buffer.alloc(1)); process.kill(process.pid, 'SIGKILL')`;
  new Worker(watch, { eval: true });
}
