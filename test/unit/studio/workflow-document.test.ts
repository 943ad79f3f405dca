import { describe, expect, test } from '@jest/globals';
import type { NodeDefinition } from '../../../client-sdk/src/client.ts';
import { edgeIds } from '../../../studio/src/canvas/types.ts';
import { diffDocuments, isSameWorkflow } from '../../../studio/src/editor/model/diff.ts';
import { isEqual, toDocument, type WorkflowDocument } from '../../../studio/src/editor/model/document.ts';
import { type DraftStorage, readDraft, writeDraft } from '../../../studio/src/editor/model/draft.ts';
import {
  addNode,
  connect,
  copyNodes,
  nameInput,
  pasteNodes,
  remove,
  renameKey,
} from '../../../studio/src/editor/model/operations.ts';
import { renameInExpression } from '../../../studio/src/editor/model/references.ts';
import { hasUnsaved, openEditor, reduceEditor } from '../../../studio/src/editor/model/state.ts';
import { readClip, readWorkflow, writeClip, writeFile } from '../../../studio/src/editor/model/text.ts';

const field = (name: string, language: string | null) => ({ name, language, required: true, default: null });
const definition = (type: string, fields: object[], inputs = [{ id: 'input', label: 'Input' }]) =>
  ({
    type,
    label: type,
    category: 'code',
    fields,
    inputs,
    outputs: [],
    errorHandle: null,
  }) as never as NodeDefinition;
const python = definition('python', [field('code', 'python')]);
const transform = definition('transform', [field('expression', 'jsonata')]);
const types = new Map([python, transform].map((each) => [each.type, each]));

const document = toDocument({
  name: 'Movies',
  nodes: [
    { key: 'parse', type: 'python', config: { code: 'result = "nodes.parse"' }, position: { x: 0, y: 0 } },
    { key: 'check', type: 'python', config: { code: 'result = 1' } },
    {
      key: 'join',
      type: 'transform',
      config: { expression: 'input.parse & nodes.parse.output & "nodes.parse"' },
      forEach: { items: 'nodes.parse.output.rows' },
    },
    { key: 'both', type: 'python', config: { code: 'result = input_data["parse"]' } },
    { key: 'later', type: 'http', config: { url: 'https://x/{{ nodes.parse.output }}/nodes.parse' } },
  ],
  edges: [
    { source: 'parse', target: 'join' },
    { source: 'check', target: 'join' },
    { source: 'parse', target: 'both' },
    { source: 'check', target: 'both' },
  ],
});

describe('renaming a key', () => {
  const renamed = renameKey(document, 'parse', 'rows-in', types);
  const configOf = (key: string) => renamed.nodes.find((node) => node.key === key)?.config;

  test('edges and expressions follow, strings in them do not', () => {
    expect(renamed.edges[0]).toEqual({ source: 'rows-in', target: 'join' });
    expect(configOf('join')).toEqual({
      expression: 'input.`rows-in` & nodes.`rows-in`.output & "nodes.parse"',
    });
    expect(renamed.nodes[2]?.forEach?.items).toBe('nodes.`rows-in`.output.rows');
    expect(configOf('later')).toEqual({ url: 'https://x/{{ nodes.`rows-in`.output }}/nodes.parse' });
  });

  test('Python stays as it is, and an edge keeps the name that Python may use', () => {
    expect(configOf('rows-in')).toEqual({ code: 'result = "nodes.parse"' });
    expect(configOf('both')).toEqual({ code: 'result = input_data["parse"]' });
    expect(renamed.edges[2]).toEqual({ source: 'rows-in', target: 'both', targetHandle: 'parse' });
  });

  test('a key that is taken changes nothing', () => {
    expect(renameKey(document, 'parse', 'check', types)).toBe(document);
  });

  test.each([
    ['nodes.a.output + nodes.ab.output', 'nodes.b.output + nodes.ab.output'],
    ['nodes . a', 'nodes . b'],
    ['nodes.`a`.output', 'nodes.b.output'],
    ['input.nodes.a', 'input.nodes.a'],
    ['$nodes.a & $node.a', '$nodes.b & $node.a'],
    ["'nodes.a' /* nodes.a */ & nodes.a", "'nodes.a' /* nodes.a */ & nodes.b"],
    ['"unclosed nodes.a', '"unclosed nodes.a'],
  ])('%s becomes %s', (before, after) => {
    expect(renameInExpression(before, { root: 'nodes', from: 'a', to: 'b' })).toBe(after);
  });
});

describe('the document', () => {
  test('a new node has a key of its own, a free place and an edge from the chosen one', () => {
    const first = addNode(document, python, { x: 0, y: 10 }, 'check');
    expect(first.key).toBe('python');
    expect(first.document.nodes.at(-1)).toEqual({
      key: 'python',
      type: 'python',
      config: { code: 'result = input_data\n' },
      position: { x: 0, y: 210 },
    });
    expect(first.document.edges.at(-1)).toEqual({ source: 'check', target: 'python' });
    expect(addNode(first.document, python, { x: 0, y: 0 }).key).toBe('python_2');
  });

  test('an edge that is there, or leads to itself or nowhere, is not added', () => {
    for (const edge of [
      document.edges[0]!,
      { source: 'join', target: 'join' },
      { source: 'join', target: 'no' },
    ])
      expect(connect(document, edge)).toBe(document);
  });

  test('a removed node takes its edges with it; an edge goes alone', () => {
    const without = remove(document, { nodes: ['check'], edges: ['parse:>both:'] });
    expect(without.edges).toEqual([{ source: 'parse', target: 'join' }]);
  });

  test('pasted copies have other keys, and what names them among themselves follows', () => {
    const clip = readClip(writeClip(copyNodes(document, ['parse', 'join'])));
    const pasted = pasteNodes(document, clip!, types);
    expect(pasted.keys).toEqual(['parse_2', 'join_2']);
    expect(pasted.document.edges.slice(-1)).toEqual([{ source: 'parse_2', target: 'join_2' }]);
    expect(pasted.document.nodes.at(-1)?.config).toEqual({
      expression: 'input.parse & nodes.parse_2.output & "nodes.parse"',
    });
    expect(pasted.document.nodes.at(-2)?.position).toEqual({ x: 40, y: 40 });
  });

  test('a key may be any name, such as one that objects have by themselves', () => {
    const odd = toDocument({
      name: 'odd',
      nodes: ['__proto__', 'constructor'].map((key) => ({ key, type: 'python' })),
      edges: [{ source: '__proto__', target: 'constructor' }],
    });
    const renamed = renameKey(odd, '__proto__', 'toString', types);
    expect(renamed.edges).toEqual([{ source: 'toString', target: 'constructor' }]);
    expect(pasteNodes(odd, odd, types).keys).toEqual(['__proto___2', 'constructor_2']);
  });

  test('is equal to what the database gives back, whatever the order and the nulls', () => {
    const read = toDocument({ ...document, description: null, nodes: document.nodes.map(withNulls) });
    expect(isEqual(read, document)).toBe(true);
    expect(isEqual({ ...read, name: 'Other' }, document)).toBe(false);
  });

  test('a join is kept where it is not the default', () => {
    const joined = (join: 'ALL' | 'ANY') =>
      toDocument({ ...document, nodes: document.nodes.map((node) => ({ ...node, join })) });
    expect(joined('ALL')).toEqual(document);
    expect(joined('ANY').nodes.every(({ join }) => join === 'ANY')).toBe(true);
    expect(readWorkflow(writeFile(joined('ANY')))).toEqual({ document: joined('ANY') });
  });

  test('an edge gets the name of an input, and loses it', () => {
    const [edge] = document.edges;
    const [id] = edgeIds(document.edges);
    const named = nameInput(document, id!, 'rows');
    expect(named.edges[0]).toEqual({ ...edge, targetHandle: 'rows' });
    expect(nameInput(named, edgeIds(named.edges)[0]!, null)).toEqual(document);
    expect(nameInput(document, 'gone', 'x')).toBe(document);
  });
});

function withNulls(node: WorkflowDocument['nodes'][number]) {
  return Object.fromEntries(
    Object.entries({ name: null, retry: null, position: null, ...node }).reverse(),
  ) as never as typeof node;
}

describe('undo and redo', () => {
  const typed = (text: string, at: number) =>
    ({
      kind: 'edit',
      group: 'name',
      at,
      change: (before: WorkflowDocument) => ({ ...before, name: text }),
    }) as const;

  test('typing is one step, a pause or another field begins the next', () => {
    let state = openEditor(document, 1);
    for (const [text, at] of [
      ['a', 0],
      ['ab', 500],
      ['abc', 1_000],
      ['abcd', 3_000],
    ] as const)
      state = reduceEditor(state, typed(text, at));
    const names = [];
    for (let steps = 0; steps < 3; steps += 1) {
      names.push(state.document.name);
      state = reduceEditor(state, { kind: 'undo' });
    }
    expect(names).toEqual(['abcd', 'abc', 'Movies']);
    expect(state.document).toBe(document);
    state = reduceEditor(reduceEditor(state, { kind: 'redo' }), { kind: 'redo' });
    expect(state.document.name).toBe('abcd');
    expect(reduceEditor(state, { kind: 'redo' })).toBe(state);
  });

  test('what is undone back to the saved version is not unsaved', () => {
    const opened = openEditor(document, 1);
    const edited = reduceEditor(opened, typed('other', 0));
    expect(hasUnsaved(edited)).toBe(true);
    expect(hasUnsaved(reduceEditor(edited, { kind: 'undo' }))).toBe(false);
    const saved = reduceEditor(edited, { kind: 'saved', document: edited.document, version: 2 });
    expect(hasUnsaved(saved)).toBe(false);
    expect(hasUnsaved(reduceEditor(saved, { kind: 'undo' }))).toBe(true);
  });

  test('a node that is gone is not chosen any more', () => {
    const chosen = reduceEditor(openEditor(document, 1), {
      kind: 'select',
      selected: { nodes: ['check', 'join'], edges: [] },
    });
    const change = (before: WorkflowDocument) => remove(before, { nodes: ['check'], edges: [] });
    expect(reduceEditor(chosen, { kind: 'edit', change, at: 0 }).selected.nodes).toEqual(['join']);
  });
});

describe('text', () => {
  test('a file that was exported is imported as the same workflow', () => {
    expect(readWorkflow(writeFile(document))).toEqual({ document });
  });

  test.each([
    ['{', 'Expected a workflow as JSON'],
    ['[]', 'Expected an object with `nodes`'],
    ['{"nodes":[{"key":1}]}', 'Expected `nodes` to be a list'],
    ['{"nodes":[{"key":"a","type":"b"},{"key":"a","type":"b"}]}', 'got one twice'],
    ['{"nodes":[],"edges":[{}]}', 'Expected `edges` to be a list'],
  ])('%s is refused with its reason', (text, reason) => {
    expect(readWorkflow(text)).toEqual({ problem: expect.stringContaining(reason) });
    expect(readClip(text)).toBeNull();
  });

  test('a draft is what was written; one that cannot be read is none, and full storage loses only the draft', () => {
    const kept = new Map<string, string>();
    const storage: DraftStorage = {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    };
    expect(writeDraft(storage, 'wf_1', { document, baseVersion: 3, at: 7 })).toBe(true);
    expect(readDraft(storage, 'wf_1')).toEqual({ document, baseVersion: 3, at: 7 });
    expect(readDraft(storage, 'wf_2')).toBeNull();
    kept.set('weft.draft.wf_1', '{"document":{"nodes":7},"baseVersion":3}');
    expect(readDraft(storage, 'wf_1')).toBeNull();
    const nodes = [{ key: 'a', type: 'output' }];
    kept.set('weft.draft.wf_1', JSON.stringify({ document: { nodes }, baseVersion: 3 })); // of before nodes had a join
    expect(readDraft(storage, 'wf_1')!.document.nodes).toEqual([{ ...nodes[0], join: 'ANY' }]);
    const full = {
      ...storage,
      setItem: () => {
        throw new Error('full');
      },
    };
    expect(writeDraft(full, 'wf_1', { document, baseVersion: 3, at: 7 })).toBe(false);
  });
});

describe('the difference of two versions', () => {
  test('names nodes that came, went and changed; a node that only moved is no change', () => {
    const after = toDocument({
      ...document,
      name: 'Other',
      nodes: [
        { ...document.nodes[0]!, position: { x: 9, y: 9 } },
        { ...document.nodes[1]!, config: { code: 'result = 2' } },
        { key: 'new', type: 'python' },
      ],
      edges: [],
    });
    const diff = diffDocuments(document, after);
    expect(diff.nodes.map(({ key, mark }) => [key, mark])).toEqual([
      ['check', 'changed'],
      ['new', 'added'],
      ['join', 'removed'],
      ['both', 'removed'],
      ['later', 'removed'],
    ]);
    expect(diff).toMatchObject({ settings: ['name'], movedCount: 1, edges: { added: [] } });
    expect(diff.edges.removed).toHaveLength(4);
    expect(isSameWorkflow(diff)).toBe(false);
    expect(isSameWorkflow(diffDocuments(document, toDocument(document)))).toBe(true);
  });
});
