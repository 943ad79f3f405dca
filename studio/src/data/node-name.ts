/**
 * How a node is called wherever people see it, in a graph, a timeline, a log or a message: by its name, else by its key.
 * The label of its type would be the same for several nodes.
 */
export function nodeName({ key, name }: { key: string; name?: string | null | undefined }): string {
  return name || key;
}

/** The names of a version's nodes by their keys; a key that the version does not know is its own name. */
export function nodeNames(
  nodes: readonly { key: string; name?: string | null | undefined }[],
): (nodeKey: string) => string {
  const names = new Map(nodes.map((node) => [node.key, nodeName(node)]));
  return (nodeKey) => names.get(nodeKey) ?? nodeKey;
}
