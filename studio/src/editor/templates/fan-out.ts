import type { WorkflowTemplate } from './template.ts';

const check = `number = input_data["order"]
price = float(input_data["price"])
if price < 0:
    raise ValueError(f"order {number}: expected a price of 0 or more, got {price}")
print(f"order {number} is fine")
result = {"order": number, "total": round(price * input_data["count"], 2)}
`;

const explain = `error = input_data["error"]
print("the orders were not taken:", error["message"])
result = {"accepted": False, "why": error["message"], "orders": len(input_data["input"]["orders"])}
`;

/** One node for each item of a list, side by side, and a way out where one of them fails. */
export const fanOutTemplate: WorkflowTemplate = {
  id: 'fan-out',
  name: 'Fan-out with an error handle',
  description:
    'Checks each order of a list side by side; where one is wrong, the run goes on at the error handle.',
  workflow: {
    name: 'Orders',
    description: 'Checks orders side by side, and explains what is wrong where one of them is.',
    nodes: [
      { key: 'orders', type: 'input', position: { x: 0, y: 0 } },
      {
        key: 'check',
        type: 'python',
        name: 'Check each order',
        config: { code: check },
        forEach: { items: 'input.orders', concurrency: 10 },
        position: { x: 288, y: 0 },
      },
      {
        key: 'sum',
        type: 'transform',
        name: 'Sum up',
        config: { expression: '{ "accepted": true, "orders": $count(input), "total": $sum(input.total) }' },
        position: { x: 576, y: -60 },
      },
      {
        key: 'explain',
        type: 'python',
        name: 'Explain the error',
        config: { code: explain },
        position: { x: 576, y: 90 },
      },
      {
        key: 'result',
        type: 'output',
        config: { value: '{{ input.answer }}' },
        position: { x: 864, y: 0 },
      },
    ],
    edges: [
      { source: 'orders', target: 'check' },
      { source: 'check', target: 'sum' },
      { source: 'check', sourceHandle: 'error', target: 'explain' },
      { source: 'sum', target: 'result', targetHandle: 'answer' },
      { source: 'explain', target: 'result', targetHandle: 'answer' },
    ],
    inputSchema: {
      type: 'object',
      required: ['orders'],
      properties: {
        orders: {
          type: 'array',
          title: 'Orders',
          items: {
            type: 'object',
            required: ['order', 'price', 'count'],
            properties: { order: { type: 'integer' }, price: { type: 'number' }, count: { type: 'integer' } },
          },
        },
      },
    },
  },
  sampleInput: {
    orders: [
      { order: 1, price: 12.5, count: 2 },
      { order: 2, price: 3, count: 10 },
      { order: 3, price: -4, count: 1 },
    ],
  },
};
