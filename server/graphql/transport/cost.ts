import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import type { Account } from '../../auth/accounts.ts';
import { makeBuckets, secondsUntil } from '../../shared/buckets.ts';
import { defaultPageSize } from '../relay/page-size.ts';
import { costlyFields } from './limits.ts';

/**
 * What an operation costs: 1 for each object that it may read, those of a list as often as the list may be long; 10 for
 * each change and each subscription; 50 more for each field that keeps a process busy (`costlyFields`). At least 1.
 */
export type CostOf = (variables: Readonly<Record<string, unknown>> | null | undefined) => number;

const COSTLY = 50;
/** No list may be longer in one answer: what asks for more is refused. */
const MAX_LENGTH = 500;

/** The names of fields that give pages of a list, with the length of a page where none is asked for. */
export type PageSizes = ReadonlyMap<string, number>;

export function pageSizesOf(schema: GraphQLSchema): PageSizes {
  const sizes = new Map<string, number>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const { name, args } of Object.values(type.getFields())) {
      const first = args.find((arg) => arg.name === 'first');
      if (first !== undefined) sizes.set(name, Number(first.defaultValue ?? defaultPageSize));
    }
  }
  return sizes;
}

/** Of each operation of a valid document, by its name; '' for one without. Compiled once for a document. */
export function compileCosts(document: DocumentNode, sizes: PageSizes): ReadonlyMap<string, CostOf> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const costs = new Map<string, CostOf>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const isQuery = definition.operation === 'query';
    const fields = fieldsOf(definition.selectionSet);
    const cost = sum(fields.flatMap((field) => [costOf(field), isQuery ? NOTHING : costOfChange(field)]));
    const defaults = defaultsOf(definition);
    costs.set(definition.name?.value ?? '', (variables) =>
      Math.max(1, evaluate(cost, { ...defaults, ...variables })),
    );
  }
  return costs;

  /** What changes all of a list counts for each. */
  function costOfChange(field: FieldNode): Cost {
    const page = sizes.get(field.name.value);
    return page === undefined ? CHANGE : times(CHANGE, sizeOf(field, page));
  }

  function costOf(field: FieldNode): Cost {
    const own = costlyFields.has(field.name.value) ? COSTLY : 0;
    if (field.selectionSet === undefined) return plus(NOTHING, own);
    const page = sizes.get(field.name.value);
    const inner = fieldsOf(field.selectionSet).map((child) => {
      const isOfItems = page !== undefined && (child.name.value === 'nodes' || child.name.value === 'edges');
      return isOfItems ? times(costOf(child), sizeOf(field, page)) : costOf(child);
    });
    return plus(sum(inner), own + 1);
  }

  function fieldsOf({ selections }: SelectionSetNode): FieldNode[] {
    return selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet);
      return fieldsOf(fragments.get(selection.name.value)!.selectionSet);
    });
  }
}

/** What is known of the document alone, and what depends on how long the variables say that lists may be. */
interface Cost {
  fixed: number;
  sized: readonly { size: Size; of: Cost }[];
}

interface Size {
  /** Numbers, and names of variables; of several the largest counts. */
  given: readonly (number | string)[];
  orElse: number;
}

const NOTHING: Cost = { fixed: 0, sized: [] };
const CHANGE: Cost = { fixed: 10, sized: [] };

function sum(costs: readonly Cost[]): Cost {
  return {
    fixed: costs.reduce((total, { fixed }) => total + fixed, 0),
    sized: costs.flatMap(({ sized }) => sized),
  };
}

function plus(cost: Cost, more: number): Cost {
  return { ...cost, fixed: cost.fixed + more };
}

function times(cost: Cost, size: Size): Cost {
  return { fixed: 0, sized: [{ size, of: cost }] };
}

function evaluate({ fixed, sized }: Cost, variables: Readonly<Record<string, unknown>>): number {
  let total = fixed;
  for (const { size, of } of sized) total += lengthOf(size, variables) * evaluate(of, variables);
  return total;
}

/** What is no length is refused before anything is read. */
function lengthOf({ given, orElse }: Size, variables: Readonly<Record<string, unknown>>): number {
  const lengths = given
    .map((each) => (typeof each === 'number' ? each : variables[each]))
    .filter((length) => typeof length === 'number');
  return lengths.length === 0 ? orElse : Math.min(MAX_LENGTH, Math.max(0, ...lengths));
}

function sizeOf({ arguments: given = [] }: FieldNode, orElse: number): Size {
  const lengths = given.filter(({ name }) => name.value === 'first' || name.value === 'last');
  return { given: lengths.flatMap(({ value }) => numberOrName(value) ?? []), orElse };
}

function numberOrName(value: ValueNode): number | string | null {
  if (value.kind === Kind.VARIABLE) return value.name.value;
  return value.kind === Kind.INT ? Number(value.value) : null;
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, number> {
  const defaults = variableDefinitions.flatMap(({ variable, defaultValue }) =>
    defaultValue?.kind === Kind.INT ? [[variable.name.value, Number(defaultValue.value)] as const] : [],
  );
  return Object.fromEntries(defaults);
}

/** As `extensions.cost` of a response has it, in the form of Shopify's. */
export interface CostReport {
  requestedQueryCost: number;
  /** Of the tightest account; absent where nothing limits the caller. */
  throttleStatus?: {
    maximumAvailable: number;
    currentlyAvailable: number;
    /** A second. */
    restoreRate: number;
  };
}

export interface Meter {
  /**
   * Takes the cost of an operation from each account of the caller, or from none.
   * @throws GraphQLError RATE_LIMITED, MAX_COST_EXCEEDED
   */
  charge(accounts: readonly Account[], cost: number): CostReport;
}

/** @param now milliseconds that only rise */
export function makeMeter(now?: () => number): Meter {
  const buckets = makeBuckets(now);
  return {
    charge(accounts, cost) {
      const limited = accounts.flatMap(({ id, costPerMinute }) =>
        costPerMinute === null ? [] : { id, perMinute: costPerMinute, held: buckets.held(id, costPerMinute) },
      );
      const [least] = limited.toSorted((a, b) => a.held - b.held);
      if (least === undefined) return { requestedQueryCost: cost };
      const waits = limited
        .filter(({ held }) => held < cost)
        .map(({ held, perMinute }) => secondsUntil(cost, held, perMinute));
      const report = (held: number): CostReport => ({
        requestedQueryCost: cost,
        throttleStatus: {
          maximumAvailable: least.perMinute,
          currentlyAvailable: Math.floor(held),
          restoreRate: least.perMinute / 60,
        },
      });
      const most = Math.min(...limited.map(({ perMinute }) => perMinute));
      if (cost > most) throw exceeded(cost, most, report(least.held));
      if (waits.length > 0) throw rateLimited(Math.max(...waits), report(least.held));
      for (const { id, perMinute } of limited) buckets.take(id, perMinute, cost);
      return report(least.held - cost);
    },
  };
}

function rateLimited(retryAfterSeconds: number, cost: CostReport): GraphQLError {
  return new GraphQLError(
    `Expected operations that cost at most ${cost.throttleStatus!.maximumAvailable} a minute, and this one costs ${cost.requestedQueryCost}. Try again in ${retryAfterSeconds} s.`,
    { extensions: { code: 'RATE_LIMITED', retryAfterSeconds, cost } },
  );
}

function exceeded(asked: number, most: number, cost: CostReport): GraphQLError {
  return new GraphQLError(
    `Expected an operation that costs at most the ${most} that may be used in a minute, got ${asked}. Ask for shorter lists, or split it.`,
    { extensions: { code: 'MAX_COST_EXCEEDED', cost } },
  );
}
