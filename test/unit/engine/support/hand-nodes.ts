import { z } from 'zod';
import type { StoredExecution } from '../../../../server/engine/execution-store.ts';
import { type NodeDefinition, type NodeEmission, NodeFailure } from '../../../../server/nodes/definition.ts';
import type { WorkflowDraft } from '../../../../server/nodes/draft.ts';
import type { NodeRegistry } from '../../../../server/nodes/registry.ts';
import { draftOf } from '../drive-by-hand.ts';

export interface RunningNode {
  key: string;
  signal: AbortSignal;
  succeed(output?: unknown): void;
  fail(error?: Partial<NodeFailure['error']>): void;
}

/** Node types whose attempts end when and as the test says: `none` has no effects, `outside` has. */
export class HandNodes {
  /** Attempts that run, in the order of their starts. */
  running: RunningNode[] = [];
  /** Keys of all attempts so far. */
  readonly starts: string[] = [];

  /** @param onStart sees each attempt as its code begins */
  constructor(private readonly onStart: (node: RunningNode, effects: string) => void = () => {}) {}

  get registry(): NodeRegistry {
    const definitions = (['none', 'outside'] as const).map((effects) => this.definition(effects));
    return new Map(definitions.map((definition) => [definition.type, definition]));
  }

  get keys(): string[] {
    return this.running.map(({ key }) => key);
  }

  get(key: string): RunningNode {
    const node = this.running.find((each) => each.key === key);
    if (node === undefined) throw new Error(`${key} is not running; running: ${this.keys.join(', ')}`);
    return node;
  }

  private definition(effects: 'none' | 'outside'): NodeDefinition {
    const definition: NodeDefinition<{ key: string }> = {
      type: effects,
      version: 1,
      label: effects,
      description: '',
      category: 'flow',
      config: z.strictObject({ key: z.string() }),
      inputs: [{ id: 'input', label: 'Input' }],
      outputs: () => [{ id: 'output', label: 'Output' }],
      canFail: true,
      effects,
      execute: ({ config, signal }) => this.run(config.key, signal, effects),
    };
    return definition as unknown as NodeDefinition;
  }

  private run(key: string, signal: AbortSignal, effects: string): Promise<NodeEmission> {
    const { promise, resolve, reject } = Promise.withResolvers<NodeEmission>();
    const leave = () => {
      this.running = this.running.filter((each) => each !== node);
    };
    const node: RunningNode = {
      key,
      signal,
      succeed(output = key) {
        leave();
        resolve({ handle: 'output', output });
      },
      fail(error = {}) {
        leave();
        reject(new NodeFailure({ code: 'TEST', message: `${key} failed`, ...error }));
      },
    };
    const onAbort = () => {
      leave();
      reject(signal.reason);
    };
    if (signal.aborted) onAbort();
    else {
      signal.addEventListener('abort', onAbort, { once: true });
      this.starts.push(key);
      this.running.push(node);
      this.onStart(node, effects);
    }
    return promise;
  }
}

/** `a>b` and `a.error>b` are edges as for `draftOf`; the nodes named in `outside` have outside effects. */
export function handDraft(edges: readonly string[], outside: readonly string[] = []): WorkflowDraft {
  const draft = draftOf(...edges);
  return {
    ...draft,
    nodes: draft.nodes.map((node) => ({
      ...node,
      type: outside.includes(node.key) ? 'outside' : 'none',
      config: { key: node.key },
    })),
  };
}

export function stored(definition: WorkflowDraft): StoredExecution {
  return {
    status: 'QUEUED',
    workflowId: 'wf_1',
    definition,
    input: null,
    cancelRequested: null,
    replacedBy: null,
    isLimited: false,
    project: 'default',
    reuseFrom: null,
    signals: 0,
    timeoutMs: null,
    parent: null,
    partial: null,
    versionNumber: 1,
    createdAt: new Date(0),
    triggerId: null,
    traceparent: null,
    tracestate: null,
  };
}
