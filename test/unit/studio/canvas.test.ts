import { describe, expect, test } from '@jest/globals';
import type { NodeDefinition } from '../../../client-sdk/src/client.ts';
import { makeFlowElements } from '../../../studio/src/canvas/flow-elements.ts';
import { nodeGeometry, noUse } from '../../../studio/src/canvas/geometry.ts';
import { layoutNodes, placeNodes } from '../../../studio/src/canvas/layout.ts';
import { nextNode } from '../../../studio/src/canvas/navigate.ts';
import { edgeIds, emptySelection } from '../../../studio/src/canvas/types.ts';

const handle = (id: string) => ({ id, label: id });
const definition = (type: string, outputs: string[], widget?: string) =>
  ({
    type,
    label: type,
    category: 'flow',
    fields: widget ? [{ name: 'cases', widget }] : [],
    inputs: [handle('input')],
    outputs: outputs.map(handle),
    errorHandle: handle('error'),
  }) as never as NodeDefinition;
const definitions = [definition('python', ['output']), definition('switch', ['default'], 'cases')];
const idsOf = (type: string, config: unknown, outputs: string[] = []) =>
  nodeGeometry(
    { key: 'n', type, config },
    definitions.find((each) => each.type === type),
    { outputs, isTarget: true },
  ).handles.map(({ id, role, isUnknown }) => `${role}:${id}${isUnknown ? '?' : ''}`);

describe('the handles of a node', () => {
  test('are those of its definition, and one for each of its cases', () => {
    expect(idsOf('python', {})).toEqual(['input:input', 'output:output', 'error:error']);
    expect(idsOf('switch', { cases: [{ handle: 'a' }, { handle: 'b' }, { handle: 'a' }, null, {}] })).toEqual(
      ['input:input', 'output:a', 'output:b', 'output:default', 'error:error'],
    );
  });

  test('that an edge names and the type has not are drawn as unknown', () => {
    expect(idsOf('python', {}, ['gone', 'error'])).toEqual([
      'input:input',
      'output:output',
      'output:gone?',
      'error:error',
    ]);
  });

  test('of a type that the server does not know are those that its edges use', () => {
    expect(idsOf('mystery', {}, ['left', 'right'])).toEqual(['input:input', 'output:left', 'output:right']);
    expect(idsOf('mystery', {})).toEqual(['input:input', 'output:output']);
  });
});

describe('the automatic layout', () => {
  const boxes = ['a', 'b', 'c', '__proto__'].map((key) => ({ key, width: 200, height: 50 }));
  const edges = [
    { source: 'a', target: 'b' },
    { source: 'a', target: 'c' },
    { source: 'c', target: '__proto__' },
    { source: 'b', target: 'b' },
    { source: 'b', target: 'nowhere' },
  ];

  test('goes from left to right along the edges, and no node covers another', () => {
    const places = layoutNodes(boxes, edges);
    const [a, b, c, last] = boxes.map(({ key }) => places.get(key)!);
    expect(a!.x).toBeLessThan(b!.x);
    expect(c!.x).toBe(b!.x);
    expect(Math.abs(c!.y - b!.y)).toBeGreaterThanOrEqual(50);
    expect(last!.x).toBeGreaterThan(c!.x);
    expect(layoutNodes(boxes, edges)).toEqual(places);
  });

  test('leaves a node where it is, and puts those without a place below', () => {
    const [first, ...rest] = boxes;
    const places = placeNodes([{ ...first!, position: { x: 7, y: 300 } }, ...rest], edges);
    expect(places.get('a')).toEqual({ x: 7, y: 300 });
    for (const key of ['b', 'c', '__proto__']) expect(places.get(key)!.y).toBeGreaterThan(350);
  });

  test('of a thousand nodes, even in a circle, ends', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({ key: `n${index}`, width: 200, height: 50 }));
    const ring = many.map(({ key }, index) => ({ source: key, target: `n${(index * 7 + 1) % 1_000}` }));
    expect(layoutNodes(many, ring).size).toBe(1_000);
  });
});

describe('what React Flow is given', () => {
  const workflow = {
    nodes: [
      { key: 'a', type: 'python', position: { x: 0, y: 0 } },
      { key: 'b', type: 'switch', config: { cases: [{ handle: 'x' }] }, position: { x: 300, y: 0 } },
    ],
    edges: [
      { source: 'a', target: 'b' },
      { source: 'a', sourceHandle: 'error', target: 'b' },
      { source: 'b', sourceHandle: 'x', target: 'a', targetHandle: 'again' },
      { source: 'a', target: 'missing' },
    ],
  };
  const input = {
    workflow,
    definitions,
    states: undefined,
    problems: undefined,
    marks: undefined,
    pinned: undefined,
    selected: emptySelection,
    isReadOnly: false,
  };

  test('stays the same object where nothing has changed, so that it is not drawn again', () => {
    const make = makeFlowElements();
    const before = make(input);
    const running = make({
      ...input,
      states: { b: { status: 'RUNNING', progress: { current: 1, total: 4 } } },
    });
    expect(running.nodes[1]?.data).toMatchObject({ status: 'RUNNING', progress: 0.25 });
    expect(running.nodes[0]).toBe(before.nodes[0]);
    const [a, b] = workflow.nodes;
    const after = make({
      ...input,
      workflow: { ...workflow, nodes: [{ ...a!, position: { x: 5, y: 0 } }, b!] },
    });
    expect(after.nodes[0]).not.toBe(before.nodes[0]);
    const again = make({
      ...input,
      workflow: { ...workflow, nodes: [{ ...a!, position: { x: 9, y: 0 } }, b!] },
    });
    expect(again.nodes[1]).toBe(after.nodes[1]);
    expect(after.edges[0]).toBe(before.edges[0]);
  });

  test('ANY is marked where several edges end', () => {
    const nodes = workflow.nodes.map((node) => ({ ...node, join: 'ANY' as const }));
    const made = makeFlowElements()({ ...input, workflow: { ...workflow, nodes } });
    expect(made.nodes.map(({ data }) => data.joinsAny)).toEqual([false, true]);
    expect(makeFlowElements()(input).nodes.some(({ data }) => data.joinsAny)).toBe(false);
  });

  test('an edge says its handle where there is a choice, and the name of its value', () => {
    const labels = makeFlowElements()(input).edges.map(({ data }) => [data?.kind, data?.label]);
    expect(labels).toEqual([
      ['plain', undefined],
      ['error', 'error'],
      ['plain', 'x as again'],
    ]);
  });

  test('edges with the same ends have ids of their own', () => {
    const edge = { source: 'a', target: 'b' };
    expect(edgeIds([edge, edge])).toEqual(['a:>b:', 'a:>b:#1']);
  });
});

test('arrows lead to the nearest node in their direction', () => {
  const places = new Map([
    ['a', { x: 0, y: 0 }],
    ['b', { x: 300, y: 10 }],
    ['c', { x: 200, y: 400 }],
  ]);
  expect(nextNode(places, undefined, 'ArrowRight')).toBe('a');
  expect(nextNode(places, 'a', 'ArrowRight')).toBe('b');
  expect(nextNode(places, 'a', 'ArrowDown')).toBe('b');
  expect(nextNode(places, 'b', 'ArrowRight')).toBeUndefined();
  expect(nextNode(places, 'c', 'ArrowUp')).toBe('b');
});

test('a node in the editor has the size that its styles have', () => {
  expect(nodeGeometry({ key: 'n', type: 'x' }, undefined, noUse)).toMatchObject({ width: 224, height: 56 });
});
