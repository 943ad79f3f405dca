import type { WorkflowInput } from '@weft/client';

/** The smallest that does something: what comes in goes through a line of Python. */
export const blankWorkflow: WorkflowInput = {
  name: 'Untitled workflow',
  nodes: [
    { key: 'input', type: 'input', position: { x: 0, y: 0 } },
    { key: 'python', type: 'python', config: { code: 'result = input_data\n' }, position: { x: 280, y: 0 } },
    { key: 'output', type: 'output', position: { x: 560, y: 0 } },
  ],
  edges: [
    { source: 'input', target: 'python' },
    { source: 'python', target: 'output' },
  ],
};
