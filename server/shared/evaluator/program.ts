/** The program of an evaluator's process: answers one question at a time (evaluator-process.ts has the other end). */
import { Worker } from 'node:worker_threads';
import { coerceError } from '../errors.ts';
import type { Answer, Question } from './evaluator-process.ts';
import { evaluateExpression, readExpression } from './expression.ts';
import { findMisfits, schemaProblem } from './json-schema.ts';
import { EvaluationError } from './limits.ts';

endWithParent();
// For the whole group of processes they are meant for the server, which needs its answers still.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
process.on('message', (question: Question) => void answer(question));
process.send!('ready');

async function answer(question: Question): Promise<void> {
  process.send!(await jsonOf(question).then((json): Answer => ({ json }), problemOf));
}

async function jsonOf(question: Question): Promise<string> {
  switch (question.kind) {
    case 'expression':
      return evaluateExpression(question.expression, question.scope);
    case 'readings':
      return JSON.stringify(question.expressions.map(readExpression));
    case 'misfits':
      return JSON.stringify(findMisfits(question.schema, question.value));
    case 'schemaProblem':
      return JSON.stringify(schemaProblem(question.schema));
  }
}

function problemOf(error: unknown): Answer {
  const { message } = coerceError(error);
  return { problem: { message, position: error instanceof EvaluationError ? error.position : null } };
}

/** Nobody writes to stdin, and it closes when the server is gone, however it went. The main thread may be busy for ever then. */
function endWithParent(): void {
  const watch = `require('node:fs').readSync(0, Buffer.alloc(1)); process.kill(process.pid, 'SIGKILL')`;
  new Worker(watch, { eval: true });
}
