/** Nodes one after another. */
export function chain(
  length: number,
  node: object | ((n: number) => object),
): { nodes: object[]; edges: object[] } {
  const keys = Array.from({ length }, (_, n) => `n${n}`);
  const edges = keys.slice(1).map((target, n) => ({ source: `n${n}`, target }));
  return { nodes: keys.map((key, n) => ({ key, ...(typeof node === 'function' ? node(n) : node) })), edges };
}

/** As many nodes in all, of which the first and the last do nothing. */
export function fanOut(nodeCount: number, node: object): { nodes: object[]; edges: object[] } {
  const keys = Array.from({ length: nodeCount - 2 }, (_, n) => `n${n}`);
  const nodes = keys.map((key) => ({ key, ...node }));
  return {
    nodes: [{ key: 'first', type: 'input' }, ...nodes, { key: 'all', type: 'merge', join: 'ANY' }],
    edges: keys.flatMap((key) => [
      { source: 'first', target: key },
      { source: key, target: 'all' },
    ]),
  };
}
