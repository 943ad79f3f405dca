/** A program of somebody else, in a project of its own: compiled there by tsc, run by Node, and bundled into a page. */
import { createClient, WeftExecutionError } from '@weft/client';

export async function useWeft(url: string) {
  const weft = createClient({ url });
  const { id: workflowId } = await weft.workflows.create({
    name: 'from a package',
    nodes: [
      { key: 'sum', type: 'python', config: { code: 'progress(1, 2)\nresult = sum(input_data["rows"])' } },
    ],
  });
  const run = await weft.executions.start<number>({ workflowId, input: { rows: [20, 22] } });
  let done = 0;
  for await (const event of run.events()) if (event.type === 'NodeProgress') done = event.current;
  const failure = await weft.python
    .run({ code: '1 / 0' })
    .result()
    .catch((error: unknown) => error);
  return {
    done,
    output: await run.result(),
    text: await weft.python.run({ code: 'print("hello")' }).text(),
    failure: failure instanceof WeftExecutionError ? `${failure.code} ${failure.type}` : failure,
  };
}

export const expected = {
  done: 1,
  output: 42,
  text: 'hello\n',
  failure: 'PYTHON_EXECUTION_ERROR ZeroDivisionError',
};
