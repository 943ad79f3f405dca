import { readFileSync } from 'node:fs';
import type { WorkflowEdgeInput, WorkflowInput, WorkflowNodeInput } from '../_generated_operations.ts';
import type { WorkflowDefinition } from '../workflows.ts';
import type { NodeConfigs, NodeFields } from './_generated_configs.ts';
import type { Checked, DeepReadonly } from './references.ts';

type Type = keyof NodeConfigs;

/** Code may be the URL of a file: `new URL('./report.py', import.meta.url)`. */
type ConfigOf<T extends Type> = T extends 'python'
  ? Omit<NodeConfigs[T], 'code'> & { code: string | URL }
  : NodeConfigs[T];

type Configured<Config> = Record<never, never> extends Config ? { config?: Config } : { config: Config };

/** A node of a workflow: its type decides what its configuration may be. */
export type DefinedNode = {
  [T in Type]: DeepReadonly<
    Omit<WorkflowNodeInput, 'key' | 'type' | 'config'> & { type: T } & Configured<ConfigOf<T>>
  >;
}[Type];

/** A workflow as an author writes it: nodes by their keys, and edges between those keys. */
export interface DefinedWorkflow<Nodes extends Readonly<Record<string, DefinedNode>>>
  extends Omit<WorkflowInput, 'name' | 'nodes' | 'edges' | 'inputSchema' | 'outputSchema'> {
  /** The key by which programs name it: 1 to 64 lower-case letters, digits and `-`. */
  key: string;
  /** For people; the key unless given. */
  name?: string;
  /** A JSON Schema that the input of an execution must fit. */
  input?: unknown;
  /** A JSON Schema that the output of an execution must fit. */
  output?: unknown;
  nodes: Nodes & Checked<Nodes, ConfigsByType, NodeFields>;
  edges?: readonly Edge<NoInfer<keyof Nodes & string>>[];
}

type ConfigsByType = { [T in Type]: ConfigOf<T> };

type Edge<Key extends string> = Omit<WorkflowEdgeInput, 'source' | 'target'> & { source: Key; target: Key };

/**
 * A workflow in TypeScript, for `weft.workflows.upsert(definition)`. The compiler checks the configuration of each node,
 * the keys of edges, and `nodes.<key>` in templates and expressions. Reads the files of code at once.
 * @throws the error of reading a file of code
 */
export function defineWorkflow<const Nodes extends Readonly<Record<string, DefinedNode>>>(
  definition: DefinedWorkflow<Nodes>,
): WorkflowDefinition {
  const { key, name = key, input, output, nodes, edges = [], ...settings } = definition;
  return {
    key,
    input: {
      ...settings,
      name,
      inputSchema: input ?? null,
      outputSchema: output ?? null,
      nodes: Object.entries(nodes as Record<string, DefinedNode>).map(([nodeKey, node]) =>
        toInput(nodeKey, node),
      ),
      edges: [...edges],
    },
  };
}

function toInput(key: string, node: DefinedNode): WorkflowNodeInput {
  const config: Record<string, unknown> = { ...node.config };
  if (config.code instanceof URL) config.code = readFileSync(config.code, 'utf8').replaceAll('\r\n', '\n');
  return { ...(node as Omit<WorkflowNodeInput, 'key'>), key, config };
}
