import { MAX_ITEMS } from '../engine/for-each.ts';
import type { PinnedOutput } from '../engine/partial-run.ts';
import type { Plan, PlannedNode } from '../engine/plan.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';
import { describeValue } from '../shared/describe-value.ts';
import type { UserError } from './types.ts';

/** An output that stands in for a node, or for an item of its list. */
export interface GivenPin {
  nodeKey: string;
  item?: number | null;
  output?: unknown;
  /** The first of its node where none is given. */
  handle?: string | null;
}

export interface GivenNames {
  from: readonly string[];
  to: readonly string[];
  pinned: readonly GivenPin[];
}

/** Whether the nodes and handles that a partial run names are there, and each is named for one thing. */
export function checkNames(
  plan: Plan,
  { from, to, pinned }: GivenNames,
  pinnedFrom: string | null,
): UserError[] {
  const isPinned = new Set(pinned.filter(({ item }) => item == null).map(({ nodeKey }) => nodeKey));
  const named = [
    ...from.map((key, index) => ({ key, field: `from.${index}` })),
    ...to.map((key, index) => ({ key, field: `to.${index}` })),
    ...pinned.map(({ nodeKey }, index) => ({ key: nodeKey, field: `pinned.${index}.nodeKey` })),
  ];
  const errors = named
    .filter(({ key }) => !plan.nodes.has(key))
    .map(({ key, field }) => ({ code: 'UNKNOWN_NODE', field, message: unknownNode(plan, key) }));
  const clashes = named
    .filter(({ key, field }) => !field.startsWith('pinned') && isPinned.has(key))
    .map(({ key, field }) => {
      const message = `Node \`${key}\` is pinned, so it does not run. Pin it, or run it.`;
      return { code: 'PINNED', field, message };
    });
  const pins = pinned.flatMap((pin, index) => pinErrors(plan, pin, index, pinned));
  if (pinnedFrom !== null && from.length === 0) {
    const message =
      'Outputs of an execution stand in for the nodes before `from`. Name the nodes to start at in `from`.';
    errors.push({ code: 'INVALID', field: 'pinnedFrom', message });
  }
  return [...errors, ...clashes, ...pins];
}

function pinErrors(plan: Plan, pin: GivenPin, index: number, all: readonly GivenPin[]): UserError[] {
  const { nodeKey, item, handle, output } = pin;
  const what = item == null ? `Node \`${nodeKey}\`` : `Item ${item} of node \`${nodeKey}\``;
  const node = plan.nodes.get(nodeKey);
  if (node === undefined) return [];
  const at = `pinned.${index}`;
  const isSame = (each: GivenPin) =>
    each.nodeKey === nodeKey && (each.item == null || item == null || each.item === item);
  if (all.findIndex(isSame) < index)
    return [{ code: 'DUPLICATE', field: `${at}.nodeKey`, message: `${what} is pinned twice.` }];
  if (item != null) return itemErrors(node, pin, `${at}.item`);
  const errors: UserError[] = [];
  const handles = handlesOf(plan, nodeKey);
  if (handle != null && !handles.includes(handle)) {
    const message = `Node \`${nodeKey}\` has no output handle \`${handle.slice(0, 100)}\`: expected one of ${handles.join(', ')}.`;
    errors.push({ code: 'UNKNOWN_HANDLE', field: `${at}.handle`, message });
  }
  if (node.forEach !== null && handle !== ERROR_HANDLE_ID && !Array.isArray(output)) {
    const message = `Expected the pinned output of \`${nodeKey}\`, which runs \`forEach\`, to be a list, got ${describeValue(output)}.`;
    errors.push({ code: 'INVALID', field: `${at}.output`, message });
  }
  return errors;
}

function itemErrors(
  { forEach }: PlannedNode,
  { nodeKey, item, handle }: GivenPin,
  field: string,
): UserError[] {
  const refuse = (message: string) => [{ code: 'INVALID', field, message }];
  if (forEach === null)
    return refuse(`Node \`${nodeKey}\` has no \`forEach\`, and so no items: pin its output.`);
  if (item! < 0 || item! >= MAX_ITEMS)
    return refuse(`Expected an item from 0 to ${MAX_ITEMS - 1}, as a list has them, got ${item}.`);
  if (handle == null) return [];
  return refuse(`An item emits on no handle, the list of node \`${nodeKey}\` does: leave \`handle\` out.`);
}

/** Items of nodes that do not run. */
export function idleItemErrors(pinned: readonly GivenPin[], chosen: ReadonlySet<string>): UserError[] {
  return pinned.flatMap(({ nodeKey, item }, index) => {
    if (item == null || chosen.has(nodeKey)) return [];
    const message = `Node \`${nodeKey}\` does not run, so none of its items does: pin its output, or run it.`;
    return [{ code: 'INVALID', field: `pinned.${index}.item`, message }];
  });
}

export function toPins(plan: Plan, pinned: readonly GivenPin[]): PinnedOutput[] {
  return pinned.map(({ nodeKey, item = null, output, handle }) => ({
    nodeKey,
    item,
    handle: handle ?? handlesOf(plan, nodeKey)[0]!,
    output: output ?? null,
    executionId: null,
  }));
}

function handlesOf({ nodes }: Plan, nodeKey: string): string[] {
  const { definition, config } = nodes.get(nodeKey)!;
  const own = definition.outputs((config ?? {}) as object).map(({ id }) => id);
  return definition.canFail || own.length === 0 ? [...own, ERROR_HANDLE_ID] : own;
}

function unknownNode({ graph }: Plan, key: string): string {
  const some = graph.order.slice(0, 20).map((each) => `\`${each}\``);
  return `The workflow has no node \`${key.slice(0, 100)}\`. Its nodes are ${some.join(', ')}${graph.order.length > 20 ? ', …' : ''}.`;
}
