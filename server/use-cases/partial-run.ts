import type { Pool } from 'pg';
import { emptyState, fold, type RunState } from '../engine/fold.ts';
import { foldJournal } from '../engine/fold-journal.ts';
import type { Edge, GraphNode } from '../engine/graph.ts';
import { deadEdges, handlesFailure } from '../engine/join.ts';
import { chosenNodes, type PartialRun, type PinnedOutput, partialEvents } from '../engine/partial-run.ts';
import { makePlan, type Plan } from '../engine/plan.ts';
import { emissionOf } from '../engine/values.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import { EvaluationError } from '../expressions/limits.ts';
import type { JournalEvent } from '../journal/event.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { sizeOf } from '../shared/value-size.ts';
import type { VersionToRun } from './find-version.ts';
import { checkNames, type GivenPin, idleItemErrors, toPins } from './partial-run-names.ts';
import type { Outcome, UserError } from './types.ts';
import { expressionsOf } from './validate-config.ts';
import { analyzeAll } from './validate-expressions.ts';

export interface PartialInput {
  from?: readonly string[] | null;
  to?: readonly string[] | null;
  pinned?: readonly GivenPin[] | null;
  /** The execution whose outputs stand in for what does not run. */
  pinnedFrom?: string | null;
}

export interface PreparedRun {
  partial: PartialRun;
  /** The execution that outputs are from, where there is one. */
  pinnedFrom: string | null;
  /** The input of the execution that the outputs are from; undefined without one. */
  formerInput: unknown;
  /** Whether a node that runs begins with the execution's input. */
  readsInput: boolean;
}

export interface PartialDeps {
  pool: Pool;
  registry: NodeRegistry;
  evaluator: Evaluator;
}

/** What all pinned outputs of an execution may take: they are in its row, which each of its workers reads. */
const MAX_PINNED_MIB = 64;
const MIB = 1024 * 1024;

/** Null where the whole workflow is to run. */
export async function preparePartialRun(
  deps: PartialDeps,
  { workflowId, number, definition }: VersionToRun,
  { from, to, pinned, pinnedFrom }: PartialInput,
): Promise<Outcome<PreparedRun | null>> {
  const names = { from: from ?? [], to: to ?? [], pinned: pinned ?? [] };
  if (Object.values(names).every(({ length }) => length === 0) && pinnedFrom == null)
    return { ok: true, value: null };
  const plan = makePlan(definition, deps.registry);
  const wrongNames = checkNames(plan, names, pinnedFrom ?? null);
  if (wrongNames.length > 0) return { ok: false, userErrors: wrongNames };
  const former = pinnedFrom == null ? null : await readFormer(deps.pool, pinnedFrom, workflowId);
  if (former !== null && 'code' in former) return { ok: false, userErrors: [former] };

  const given: PartialRun = { from: names.from, to: names.to, pinned: toPins(plan, names.pinned) };
  const chosen = chosenNodes(plan.graph, given);
  const idleItems = idleItemErrors(names.pinned, chosen);
  if (idleItems.length > 0) return { ok: false, userErrors: idleItems };
  const pins =
    former === null
      ? []
      : await pinsFrom(deps, plan, given, chosen, {
          ...former,
          isSameVersion: former.versionNumber === number,
        });
  const partial = { ...given, pinned: [...given.pinned, ...pins] };
  const userErrors = [
    ...unreachedErrors(given, chosen),
    ...missingErrors(plan, partial, chosen, former),
    ...tooLargeErrors(partial),
  ];
  if (userErrors.length > 0) return { ok: false, userErrors };
  const readsInput = [...chosen].some((key) => plan.graph.nodes.get(key)!.incoming.length === 0);
  return {
    ok: true,
    value: { partial, pinnedFrom: pinnedFrom ?? null, formerInput: former?.input, readsInput },
  };
}

/** An execution to take outputs from; where it was a partial one itself, with what it left out as its own has it. */
interface Former {
  id: string;
  input: unknown;
  state: RunState;
  /** Which version ran; null where several did. */
  versionNumber: number | null;
  /** The execution that a node's output is from, where that is not this one. */
  origins: Map<string, string>;
}

/** Partial executions that have their outputs from one another. */
const MAX_FORMERS = 20;

async function readFormer(
  pool: Pool,
  id: string,
  workflowId: string,
  depth = 1,
): Promise<Former | UserError> {
  const { rows } = await pool.query<FormerRow>(
    `SELECT workflow_id AS "workflowId", version_number AS "versionNumber", input, partial->>'pinnedFrom' AS "pinnedFrom"
     FROM executions WHERE id = $1`,
    [id],
  );
  const row = rows[0];
  const field = 'pinnedFrom';
  if (row === undefined)
    return { code: 'NOT_FOUND', field, message: `There is no execution ${id.slice(0, 100)}.` };
  if (row.workflowId !== workflowId) {
    const message = `Expected an execution of workflow ${workflowId}, got ${id}, which is ${row.workflowId === null ? 'a pythonRun' : `of ${row.workflowId}`}.`;
    return { code: 'OTHER_WORKFLOW', field, message };
  }
  const { state } = await foldJournal(pool, id);
  const { input, versionNumber, pinnedFrom } = row;
  const former: Former = { id, input, versionNumber, state, origins: new Map() };
  const left = [...state.nodes].filter(([, run]) => run.isLeftOut).map(([key]) => key);
  if (pinnedFrom === null || left.length === 0 || depth === MAX_FORMERS) return former;
  const base = await readFormer(pool, pinnedFrom, workflowId, depth + 1);
  // It may have been deleted since.
  return 'code' in base ? former : withBase(former, base, left);
}

interface FormerRow {
  workflowId: string | null;
  versionNumber: number;
  input: unknown;
  pinnedFrom: string | null;
}

function withBase(former: Former, base: Former, left: readonly string[]): Former {
  for (const key of left) {
    const run = base.state.nodes.get(key);
    if (run === undefined) continue;
    former.state.nodes.set(key, run);
    former.origins.set(key, base.origins.get(key) ?? base.id);
  }
  return {
    ...former,
    versionNumber: former.versionNumber === base.versionNumber ? base.versionNumber : null,
  };
}

/** What the nodes that run read of nodes that do not, by edges or by expressions, as far as the former execution has it. */
async function pinsFrom(
  deps: PartialDeps,
  plan: Plan,
  { pinned }: PartialRun,
  chosen: ReadonlySet<string>,
  { id, input, state, origins, isSameVersion }: Former & { isSameVersion: boolean },
): Promise<PinnedOutput[]> {
  const read = new Set(await readByExpressions(deps, plan, chosen));
  for (const key of chosen) for (const { source } of plan.graph.nodes.get(key)!.incoming) read.add(source);
  const wanted = [...read].filter(
    (key) => !chosen.has(key) && plan.graph.nodes.has(key) && !pinned.some(({ nodeKey }) => nodeKey === key),
  );
  const endOrder = (key: string) => state.nodes.get(key)?.endOrder ?? Number.POSITIVE_INFINITY;
  return wanted
    .toSorted((a, b) => Math.sign(endOrder(a) - endOrder(b)) || 0)
    .flatMap((nodeKey) => {
      // An error handle emits the node's input too, which was that of the former version.
      const hasEmittedError = isSameVersion && handlesFailure(plan.graph.nodes.get(nodeKey)!);
      const execution = { id, workflowId: null, input, timeoutMs: null };
      const emission = emissionOf(hasEmittedError ? plan.graph : null, state, execution, nodeKey);
      return emission === null
        ? []
        : [
            {
              nodeKey,
              ...emission,
              executionId: state.nodes.get(nodeKey)!.pinned?.executionId ?? origins.get(nodeKey) ?? id,
            },
          ];
    });
}

/** Nodes whose output these nodes name in an expression. */
async function readByExpressions(
  { evaluator }: PartialDeps,
  { nodes }: Plan,
  chosen: ReadonlySet<string>,
): Promise<string[]> {
  const expressions = [...chosen].flatMap((key) => {
    const { definition, config, forEach } = nodes.get(key)!;
    const own = expressionsOf(definition, { key, config }, '').map(({ expression }) => expression);
    return forEach === null ? own : [...own, forEach.items];
  });
  const analyses = await analyzeAll(expressions, evaluator);
  return analyses instanceof EvaluationError ? [] : [...analyses.values()].flatMap((each) => each.nodes);
}

function unreachedErrors({ from, to }: PartialRun, chosen: ReadonlySet<string>): UserError[] {
  return to.flatMap((key, index) => {
    if (chosen.has(key)) return [];
    const message = `No path leads to node \`${key}\` from ${from.map((each) => `\`${each}\``).join(', ')}.`;
    return [{ code: 'NOT_REACHED', field: `to.${index}`, message }];
  });
}

/** Nodes of `from` that would be skipped at once, and others with an input of which nothing can come. */
function missingErrors(
  plan: Plan,
  partial: PartialRun,
  chosen: ReadonlySet<string>,
  former: Former | null,
): UserError[] {
  const { graph } = plan;
  const state = fold(emptyState(), partialEvents(plan, partial, emptyState()) as JournalEvent[]);
  return graph.order
    .filter((key) => chosen.has(key))
    .flatMap((key): UserError[] => {
      const node = graph.nodes.get(key)!;
      const because = deadEdges(withoutChosen(node, chosen), state);
      if (because.length === 0) return [];
      const index = partial.from.indexOf(key);
      const field = index === -1 ? 'pinned' : `from.${index}`;
      const absent = because.find(({ source }) => state.nodes.get(source!)?.pinned == null);
      if (absent === undefined) {
        const { source, emitted } = because[0]!;
        const message = `Node \`${key}\` would be skipped: \`${source}\` emitted on its handle \`${emitted}\`, which does not lead to it. Pin an output on another handle.`;
        // What the former execution skipped too is no mistake.
        return index === -1 && former !== null ? [] : [{ code: 'WOULD_BE_SKIPPED', field, message }];
      }
      const status = former?.state.nodes.get(absent.source!)?.status;
      if (index === -1 && status === 'SKIPPED') return [];
      return [
        { code: 'OUTPUT_NOT_PINNED', field, message: explainAbsent(key, absent.source!, former, status) },
      ];
    });
}

function explainAbsent(key: string, source: string, former: Former | null, status = 'QUEUED'): string {
  const needs = `Node \`${key}\` follows \`${source}\`, which does not run`;
  if (former === null)
    return `${needs}: pin an output of \`${source}\` in \`pinned\`, or name in \`pinnedFrom\` an execution that has one.`;
  const why = status === 'QUEUED' ? 'did not run it' : `has it ${status}`;
  return `${needs}, and execution ${former.id} ${why}: pin an output of \`${source}\`, or start at \`${source}\`.`;
}

/** What comes from nodes that run may come: only the other inputs are judged. */
function withoutChosen(node: GraphNode, chosen: ReadonlySet<string>): GraphNode {
  const isOpen = (edges: readonly Edge[]) => edges.some(({ source }) => chosen.has(source));
  const inputs =
    node.join === 'ANY' && isOpen(node.incoming) ? [] : node.inputs.filter((edges) => !isOpen(edges));
  return { ...node, inputs, incoming: inputs.flat() };
}

function tooLargeErrors({ pinned }: PartialRun): UserError[] {
  const bytes = pinned.reduce((sum, { output }) => sum + sizeOf(output).bytes, 0);
  if (bytes <= MAX_PINNED_MIB * MIB) return [];
  const message = `Expected pinned outputs of at most ${MAX_PINNED_MIB} MiB together, got ${Math.ceil(bytes / MIB)} MiB. Start at a node further on or further up, where less is read.`;
  return [{ code: 'VALUE_TOO_LARGE', field: 'pinned', message }];
}
