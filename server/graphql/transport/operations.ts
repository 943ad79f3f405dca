import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
} from 'graphql';
import type { Access } from '../../auth/access.ts';
import type { Guard } from '../../shared/http/guard.ts';
import { HttpError } from '../../shared/http/http-error.ts';
import type { Logger } from '../../shared/logger.ts';
import { type Acquire, acquireAtOnce } from '../../shared/semaphore.ts';
import type { ErrorFormatter } from '../errors.ts';
import type { Caller } from './caller.ts';
import type { CostReport, Meter } from './cost.ts';
import type { Documents, PreparedDocument } from './documents.ts';
import type { Limits } from './limits.ts';
import type { Result, Subscribe } from './subscribe.ts';
import type { DocumentRequest } from './trusted-documents.ts';

/** What every transport needs. */
export interface TransportDeps {
  schema: GraphQLSchema;
  documents: Documents;
  subscribe: Subscribe;
  guard: Guard;
  access: Access;
  limits: Limits;
  meter: Meter;
  formatError: ErrorFormatter;
  makeContext: MakeContext;
  logger: Logger;
}

/**
 * Makes the context of one operation. A `live` operation is a subscription: one context serves all its events, so
 * the context must not cache what was loaded for an earlier event. The subscription calls `acquire` for each event:
 * subscriptions that share a connection take turns.
 */
export type MakeContext = (operation: { live: boolean; caller: Caller; acquire?: Acquire }) => object;

export interface OperationParams extends DocumentRequest {
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
}

/** What a GET asks for. @throws HttpError 400 */
export function urlParams(url: URL): Record<string, unknown> {
  const params: Record<string, unknown> = Object.fromEntries(url.searchParams);
  for (const name of ['variables', 'extensions']) {
    const text = params[name];
    if (typeof text !== 'string') continue;
    try {
      params[name] = JSON.parse(text);
    } catch {
      throw new HttpError(400, 'BAD_REQUEST', `Expected the \`${name}\` parameter to be JSON.`);
    }
  }
  return params;
}

export type PreparedOperation =
  | { kind: 'query' | 'mutation' | 'subscription'; args: CostedArgs }
  | { kind: 'refused'; errors: readonly GraphQLError[] };

/** With what the operation costs, where that is to be told. */
export interface CostedArgs extends ExecutionArgs {
  cost: CostReport | null;
}

/** Takes what an operation costs, where something limits the caller or the request has `extensions: { cost: true }`. @throws GraphQLError */
export function chargeOperation(
  { meter }: Pick<TransportDeps, 'meter'>,
  { costs }: Extract<PreparedDocument, { document: unknown }>,
  { operationName, variables, extensions }: ChargedParams,
  { principal: { accounts } }: Caller,
): CostReport | null {
  const isWanted = (extensions as { cost?: unknown } | null | undefined)?.cost === true;
  if (!isWanted && accounts.every(({ costPerMinute }) => costPerMinute === null)) return null;
  const costOf = operationName ? costs.get(operationName) : costs.values().next().value;
  return costOf === undefined ? null : meter.charge(accounts, costOf(variables));
}

interface ChargedParams {
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
  extensions?: unknown;
}

/** The result with what it cost. Of subscriptions only the refusal tells it. */
export function withCost<T extends ExecutionResult>(result: T, cost: CostReport | null | undefined): T {
  return cost == null ? result : { ...result, extensions: { cost } };
}

/** Checks an operation and prepares its execution. */
export function prepareOperation(
  deps: TransportDeps,
  params: OperationParams,
  caller: Caller,
  acquire: Acquire = acquireAtOnce,
): PreparedOperation {
  const prepared = deps.documents.prepare(params);
  if (prepared === null) return { kind: 'refused', errors: [noDocument()] };
  if ('errors' in prepared) return { kind: 'refused', errors: prepared.errors };
  const { document } = prepared;
  const operation = getOperationAST(document, params.operationName);
  if (!operation) return { kind: 'refused', errors: [unknownOperation(params.operationName)] };
  let cost: CostReport | null;
  try {
    cost = chargeOperation(deps, prepared, params, caller);
  } catch (error) {
    if (error instanceof GraphQLError) return { kind: 'refused', errors: [error] };
    throw error;
  }
  return {
    kind: operation.operation,
    args: {
      cost,
      schema: deps.schema,
      document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue: deps.makeContext({ live: operation.operation === 'subscription', caller, acquire }),
    },
  };
}

/** Runs an operation. A subscription that starts returns many results, any other operation returns one. */
export async function runOperation(
  { subscribe }: Pick<TransportDeps, 'subscribe'>,
  operation: PreparedOperation,
): Promise<ExecutionResult | AsyncGenerator<Result, void, void>> {
  switch (operation.kind) {
    case 'refused':
      return { errors: operation.errors };
    case 'subscription':
      return await subscribe(operation.args);
    case 'query':
    case 'mutation':
      return withCost(await execute(operation.args), operation.args.cost);
  }
}

function noDocument(): GraphQLError {
  const message = 'Expected a document, as `query` or by its `documentId`, got none.';
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } });
}

function unknownOperation(operationName: string | null | undefined): GraphQLError {
  const message = operationName
    ? `Expected \`operationName\` to be one of the document's operations, got "${operationName}".`
    : 'Expected `operationName`, because the document has not exactly one operation.';
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } });
}
