import { makeAncestors, makeGraph } from '../engine/graph.ts';
import type { Analysis } from '../expressions/analyze-expression.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import { EvaluationError } from '../expressions/limits.ts';
import type { CheckTools, NodeDefinition } from '../nodes/definition.ts';
import { describeNode } from '../nodes/describe.ts';
import type { NodeDraft, WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { MAX_SESSION_RUNS, type PythonPolicy } from '../sandbox/backend.ts';
import type { Logger } from '../shared/logger.ts';
import { LONGEST_WAIT_MS } from '../shared/longest-wait.ts';
import { inferScopes } from './infer-scopes.ts';
import { inspectNodes } from './inspect-nodes.ts';
import { isKey, quoteForMessage } from './keys.ts';
import { policyErrors } from './python-policy.ts';
import { findStartConditions } from './start-conditions.ts';
import type { UserError } from './types.ts';
import { expressionsOf, validateConfig, validFields } from './validate-config.ts';
import {
  checkEdges,
  checkShape,
  type Ends,
  endsOf,
  findLooseHandles,
  resolvedEdges,
} from './validate-edges.ts';
import { analyzeAll, expressionErrors, notAnalyzed, type PlacedExpression } from './validate-expressions.ts';
import { findImpossibleJoins, findImpossibleReferences } from './validate-joins.ts';
import { checkLimits, startExpressionErrors, startExpressions } from './validate-limits.ts';
import { findUndefinedReferences } from './validate-references.ts';
import { checkRetention } from './validate-retention.ts';
import { secretErrors, unknownSecrets } from './validate-secrets.ts';

const MAX_NODES = 1_000;
const MAX_EDGES = 5_000;
const ERROR_CODE = /^[A-Z][A-Z0-9_]*$/;
/** A longer list helps nobody. */
const MAX_REPORTED = 100;

export interface Validation {
  /** Empty for a workflow that can be saved and run. */
  errors: UserError[];
  /** What is probably not meant, such as a path to a field that is known to be missing. */
  warnings: UserError[];
}

export interface ValidationDeps extends CheckTools {
  registry: NodeRegistry;
  evaluator: Evaluator;
  /** The loosest that the operator grants; null where sandbox services decide. */
  pythonPolicy: PythonPolicy | null;
  logger: Logger;
  /** Of these names, those that a secret of the project has. */
  secretNames: (names: readonly string[], project: string) => Promise<ReadonlySet<string>>;
}

/** What is wrong with a workflow, at once: the first 100 errors and the first 100 warnings. */
export async function validateWorkflow(whole: WorkflowDraft, deps: ValidationDeps): Promise<Validation> {
  const { registry, evaluator } = deps;
  const sandbox: CheckTools['sandbox'] = {
    check: (code, options) => deps.sandbox.check(code, { ...options, policy: whole.pythonPolicy }),
  };
  const cut = { ...whole, nodes: whole.nodes.map((node) => withoutExcess(node, registry)) };
  const draft = withTypesJoins(cut, registry);
  const ends = endsOf(draft, registry);
  const errors = validateGraph(draft, registry, ends);
  errors.push(...policyErrors(draft.pythonPolicy, deps.pythonPolicy));
  if (errors.some(({ code }) => code === 'TOO_LARGE'))
    return { errors: errors.slice(0, MAX_REPORTED), warnings: [] };

  const placed = placedExpressions(draft, registry);
  const outputExpressions = outputExpressionsOf(draft, registry);
  const atStart = startExpressions(draft);
  const expressions = [
    ...[...placed, ...atStart].map((each) => each.expression),
    ...outputExpressions.values(),
  ];
  const analyses = await analyzeAll(expressions, evaluator);
  const [schemaErrors, inspected, withoutSecret] = await Promise.all([
    validateSchemas(draft, evaluator),
    inspectNodes(draft.nodes, { ...deps, sandbox }),
    unknownSecrets(draft, registry, (names) => deps.secretNames(names, deps.project)),
  ]);
  errors.push(...inspected.errors);
  if (analyses instanceof EvaluationError) {
    errors.push(notAnalyzed(analyses), ...schemaErrors);
    return { errors: errors.slice(0, MAX_REPORTED), warnings: inspected.warnings };
  }
  const ancestors = makeAncestors(draft.edges);
  const graph = { keys: new Set(draft.nodes.map(({ key }) => key)), ancestors };
  const hasOrder = !errors.some(({ code }) => SHAPELESS.has(code) || code === 'CYCLE');
  errors.push(
    ...expressionErrors(placed, analyses, graph),
    ...secretErrors(placed, analyses),
    ...startExpressionErrors(atStart, analyses),
    ...schemaErrors,
  );
  const warnings = [
    ...(hasOrder ? graphWarnings(draft, ends, placed, analyses, ancestors) : []),
    ...(hasOrder
      ? findUndefinedReferences(
          placed,
          analyses,
          inferScopes(draft, outputExpressions, analyses, ancestors),
          MAX_REPORTED,
        )
      : []),
    ...inspected.warnings,
    ...withoutSecret,
  ];
  return { errors: errors.slice(0, MAX_REPORTED), warnings: warnings.slice(0, MAX_REPORTED) };
}

/** What the edges show before a run: joins that cannot be met, and ways and references that lead nowhere. */
function graphWarnings(
  draft: WorkflowDraft,
  ends: Ends,
  placed: readonly PlacedExpression[],
  analyses: ReadonlyMap<string, Analysis>,
  ancestors: (key: string) => ReadonlySet<string>,
): UserError[] {
  const indexes = new Map(draft.nodes.map(({ key }, index) => [key, index]));
  const graph = makeGraph(draft.nodes, resolvedEdges(draft, ends));
  const conditions = findStartConditions(graph);
  return [
    ...(conditions === null
      ? []
      : [
          ...findImpossibleJoins(graph, conditions, (key) => indexes.get(key)!),
          ...findImpossibleReferences(placed, analyses, conditions, ancestors),
        ]),
    ...findLooseHandles(draft, ends),
  ];
}

/** The draft with the joins that node types decide. */
export function withTypesJoins(draft: WorkflowDraft, registry: NodeRegistry): WorkflowDraft {
  const joinOf = ({ type, join }: NodeDraft) => registry.get(type)?.join ?? join;
  return { ...draft, nodes: draft.nodes.map((node) => ({ ...node, join: joinOf(node) })) };
}

/** A list past its limit is cut to one item too many: validation looks at each item, and there may be a million. */
function withoutExcess(node: NodeDraft, registry: NodeRegistry): NodeDraft {
  const definition = registry.get(node.type);
  const config = (node.config ?? {}) as Record<string, unknown>;
  const cut =
    definition === undefined
      ? []
      : describeNode(definition).fields.flatMap(({ name, max }) => {
          const value = config[name];
          return max !== null && Array.isArray(value) && value.length > max
            ? [[name, value.slice(0, max + 1)]]
            : [];
        });
  return cut.length === 0 ? node : { ...node, config: { ...config, ...Object.fromEntries(cut) } };
}

async function validateSchemas(
  { inputSchema, outputSchema }: WorkflowDraft,
  evaluator: Evaluator,
): Promise<UserError[]> {
  const errors: UserError[] = [];
  for (const [field, schema] of Object.entries({ inputSchema, outputSchema })) {
    const message = await evaluator.schemaProblem(schema);
    if (message !== null) errors.push({ code: 'INVALID_SCHEMA', field, message });
  }
  return errors;
}

function validateGraph(draft: WorkflowDraft, registry: NodeRegistry, ends: Ends): UserError[] {
  const errors = [...checkWhole(draft), ...checkNodes(draft.nodes, registry)];
  if (errors.some(({ code }) => code === 'TOO_LARGE')) return errors;
  errors.push(...checkEdges(draft, ends));
  return errors.some(({ code }) => SHAPELESS.has(code))
    ? errors
    : [...errors, ...checkShape(draft, registry)];
}

const SHAPELESS = new Set(['DUPLICATE_KEY', 'UNKNOWN_NODE', 'EMPTY']);

function placedExpressions({ nodes }: WorkflowDraft, registry: NodeRegistry): PlacedExpression[] {
  return nodes.flatMap((node, index) => {
    const { key: nodeKey, type, forEach } = node;
    const definition = registry.get(type);
    return [
      ...(definition === undefined ? [] : expressionsOf(definition, node, `nodes.${index}.config`)),
      ...(forEach === null
        ? []
        : [{ field: `nodes.${index}.forEach.items`, expression: forEach.items, nodeKey, seesItem: false }]),
    ];
  });
}

function outputExpressionsOf({ nodes }: WorkflowDraft, registry: NodeRegistry): Map<string, string> {
  const found = new Map<string, string>();
  for (const { key, type, config } of nodes) {
    const definition = registry.get(type);
    const expression = definition?.outputExpression?.(validFields(definition, config ?? {}));
    if (expression !== undefined) found.set(key, expression);
  }
  return found;
}

/** Of a workflow, or of one execution of it. */
export function checkTimeout(timeoutMs: number | null): UserError[] {
  if (timeoutMs === null || (timeoutMs >= 1_000 && timeoutMs <= LONGEST_WAIT_MS)) return [];
  const message = `Expected \`timeoutMs\` to be a number from 1000 to ${LONGEST_WAIT_MS}, got ${timeoutMs}.`;
  return [{ code: 'INVALID', field: 'timeoutMs', message }];
}

function checkWhole(draft: WorkflowDraft): UserError[] {
  const { name, nodes, edges, timeoutMs } = draft;
  const errors: UserError[] = [...checkTimeout(timeoutMs), ...checkLimits(draft), ...checkRetention(draft)];
  if (name.trim() === '' || name.length > 200) {
    errors.push({
      code: 'INVALID',
      field: 'name',
      message: `Expected a name of 1 to 200 characters, got ${name.length}.`,
    });
  }
  if (nodes.length === 0)
    errors.push({ code: 'EMPTY', field: 'nodes', message: 'Expected at least one node, got none.' });
  if (nodes.length > MAX_NODES) {
    errors.push({
      code: 'TOO_LARGE',
      field: 'nodes',
      message: `Expected at most ${MAX_NODES} nodes, got ${nodes.length}.`,
    });
  }
  if (edges.length > MAX_EDGES) {
    errors.push({
      code: 'TOO_LARGE',
      field: 'edges',
      message: `Expected at most ${MAX_EDGES} edges, got ${edges.length}.`,
    });
  }
  return errors;
}

function checkNodes(nodes: readonly NodeDraft[], registry: NodeRegistry): UserError[] {
  const seen = new Map<string, number>();
  return nodes.flatMap((node, index) => {
    const field = `nodes.${index}`;
    const errors: UserError[] = [];
    const first = seen.get(node.key);
    if (first !== undefined) {
      errors.push({
        code: 'DUPLICATE_KEY',
        field: `${field}.key`,
        message: `Expected each node's key to be its own, got ${quoteForMessage(node.key)} here and at nodes.${first}.`,
      });
    }
    seen.set(node.key, first ?? index);
    if (!isKey(node.key)) {
      errors.push({
        code: 'INVALID',
        field: `${field}.key`,
        message: `Expected a key of 1 to 64 letters, digits, _ and -, got ${quoteForMessage(node.key)}.`,
      });
    }
    const definition = registry.get(node.type);
    if (definition === undefined) {
      errors.push({
        code: 'UNKNOWN_TYPE',
        field: `${field}.type`,
        message: `Expected a node type (${[...registry.keys()].join(', ')}), got ${quoteForMessage(node.type)}.`,
      });
    } else {
      errors.push(
        ...validateConfig(definition, node.config, `${field}.config`),
        ...checkPolicies(node, definition, field),
      );
    }
    return errors;
  });
}

function checkPolicies(
  { retry, forEach }: NodeDraft,
  definition: NodeDefinition,
  field: string,
): UserError[] {
  const errors: UserError[] = [];
  const whole = (name: string, value: number, min: number, max: number) => {
    if (Number.isInteger(value) && value >= min && value <= max) return;
    const path = `${field}.${name}`;
    errors.push({
      code: 'INVALID',
      field: path,
      message: `Expected \`${name.split('.').at(-1)}\` to be an integer from ${min} to ${max}, got ${value}.`,
    });
  };
  if (retry !== null) {
    whole('retry.maxAttempts', retry.maxAttempts, 1, 20);
    whole('retry.initialDelayMs', retry.initialDelayMs, 0, 3_600_000);
    whole('retry.maxDelayMs', retry.maxDelayMs, 0, 3_600_000);
    if (!(retry.backoffFactor >= 1 && retry.backoffFactor <= 10)) {
      errors.push({
        code: 'INVALID',
        field: `${field}.retry.backoffFactor`,
        message: `Expected \`backoffFactor\` to be a number from 1 to 10, got ${retry.backoffFactor}.`,
      });
    }
    for (const [index, code] of retry.retryOn.entries()) {
      if (ERROR_CODE.test(code)) continue;
      errors.push({
        code: 'INVALID',
        field: `${field}.retry.retryOn.${index}`,
        message: `Expected the code of an error, such as PYTHON_TIMEOUT, got ${quoteForMessage(code)}. Whatever Python code raises is a PYTHON_EXECUTION_ERROR.`,
      });
    }
  }
  if (forEach !== null) {
    whole('forEach.concurrency', forEach.concurrency, 1, 100);
    whole('forEach.batch', forEach.batch, 1, MAX_SESSION_RUNS);
    const obstacle = forEachObstacle(definition);
    if (obstacle !== null) {
      errors.push({
        code: 'INVALID',
        field: `${field}.forEach`,
        message: `A ${definition.type} node ${obstacle}, so it cannot be run for each item of a list.`,
      });
    }
  }
  return errors;
}

/** Why a node of this type has no list of outputs; null where it has. */
function forEachObstacle({ outputs, join }: NodeDefinition): string | null {
  const { length } = outputs({});
  if (length !== 1) return length === 0 ? 'has no output' : 'has several outputs';
  return join === undefined ? null : 'joins its inputs as they are';
}
