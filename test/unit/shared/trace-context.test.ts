import {
  attemptSpanId,
  executionSpanId,
  givenBy,
  givenContext,
  givenTrace,
  nodeSpanId,
  ownTraceId,
} from '../../../server/shared/trace-context.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';

test.each([
  [`00-${trace}-${parent}-01`, `00-${trace}-${parent}-01`],
  [` 00-${trace}-${parent}-00 `, `00-${trace}-${parent}-00`],
  [`00-${trace}-${parent}-03`, `00-${trace}-${parent}-03`], // level 2: the trace id is random
  [`00-${trace}-${parent}-ff`, `00-${trace}-${parent}-03`], // flags that nobody knows are not handed on
  [`cc-${trace}-${parent}-01-what-comes-later`, `00-${trace}-${parent}-01`],
])('%s counts as %s', (traceparent, counted) => {
  expect(givenTrace({ traceparent })).toEqual({ traceparent: counted, tracestate: null });
});

test.each([
  '',
  'nonsense',
  `00-${trace}-${parent}`,
  `00-${trace}-${parent}-1`,
  `00-${trace}-${parent}-01-`,
  `00-${trace}-${parent}-01-more`,
  `ff-${trace}-${parent}-01`,
  `00-${trace.toUpperCase()}-${parent}-01`,
  `00-${'0'.repeat(32)}-${parent}-01`,
  `00-${trace}-${'0'.repeat(16)}-01`,
  `00-${trace}-${parent}-01, 00-${trace}-${parent}-01`,
])('%s counts as no trace, and its tracestate with it', (traceparent) => {
  expect(givenTrace({ traceparent, tracestate: 'a=b' })).toBeNull();
});

test.each([
  ['a=b', 'a=b'],
  ['a=b , tenant@system=c ,,', 'a=b,tenant@system=c'],
  [['a=b', 'c=d'], 'a=b,c=d'],
  ['a=b\u0007', null],
  ['A=b', null],
  ['a', null],
  ['a=b=c', null],
  [`a=${'x'.repeat(257)}`, null],
  [Array.from({ length: 33 }, (_, n) => `k${n}=v`).join(), null],
  [Array.from({ length: 3 }, (_, n) => `k${n}=${'v'.repeat(200)}`).join(), null],
])('the tracestate %s is handed on as %s', (tracestate, counted) => {
  const given = givenTrace({ traceparent: `00-${trace}-${parent}-01`, tracestate });
  expect(given?.tracestate).toBe(counted);
});

test('what is kept of a trace is read as it was given', () => {
  const given = givenTrace({ traceparent: `00-${trace}-${parent}-01`, tracestate: 'a=b' })!;
  const context = givenContext(given)!;
  expect(context).toEqual({ traceId: trace, spanId: parent, flags: 1, tracestate: 'a=b' });
  expect(givenBy(context)).toEqual(given);
  expect(givenContext({ traceparent: null, tracestate: null })).toBeNull();
});

test('ids follow from what a span is of, and differ for all else', () => {
  const id = 'exec_0192f0a1-b2c3-7d4e-8f60-718293a4b5c6';
  expect(ownTraceId(id)).toBe('0192f0a1b2c37d4e8f60718293a4b5c6');
  const ids = [
    executionSpanId(id),
    nodeSpanId(id, 'a'),
    attemptSpanId(id, { nodeKey: 'a', attempt: 1 }),
    attemptSpanId(id, { nodeKey: 'a', attempt: 2 }),
    attemptSpanId(id, { nodeKey: 'a', attempt: 1, item: 0 }),
    attemptSpanId(id, { nodeKey: 'a', attempt: 0, item: 1 }),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  for (const each of ids) expect(each).toMatch(/^[0-9a-f]{16}$/);
  expect(attemptSpanId(id, { nodeKey: 'a', attempt: 1, item: null })).toBe(ids[2]);
});
