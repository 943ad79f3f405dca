import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'graphql';
import type { Account } from '../../../server/auth/accounts.ts';
import { buildSchema } from '../../../server/graphql/build-schema.ts';
import {
  compileCosts,
  makeMeter,
  type PageSizes,
  pageSizesOf,
} from '../../../server/graphql/transport/cost.ts';

let sizes: PageSizes;
beforeAll(async () => {
  sizes = pageSizesOf(await buildSchema());
});

const costOf = (query: string, variables?: Record<string, unknown>) =>
  [...compileCosts(parse(query), sizes).values()][0]!(variables);

describe('the cost of an operation', () => {
  test.each<[string, number, string, Record<string, unknown>?]>([
    ['is 1 at least', 1, '{ __typename }'],
    ['is 1 for an object', 1, '{ viewer { id name } }'],
    ['is 1 for each item that a page may have', 1 + 7, '{ executions(first: 7) { nodes { id } } }'],
    ['is that of 20 items where none is asked for', 1 + 20, '{ executions { nodes { id } } }'],
    [
      'counts what items have as often',
      1 + 5 * (1 + 1),
      '{ executions(first: 5) { nodes { workflow { id } } } }',
    ],
    [
      'counts what is beside the items once',
      1 + 5 + 1,
      '{ executions(last: 5) { nodes { id } pageInfo { endCursor } } }',
    ],
    ['counts edges with their nodes', 1 + 3 * 2, '{ executions(first: 3) { edges { node { id } } } }'],
    [
      'counts pages in pages',
      1 + 10 * (1 + 1 + 50),
      '{ workflows(first: 10) { nodes { executions(first: 50) { nodes { id } } } } }',
    ],
    ['reads variables', 1 + 4, 'query ($n: Int) { executions(first: $n) { nodes { id } } }', { n: 4 }],
    ['reads their defaults', 1 + 9, 'query ($n: Int = 9) { executions(first: $n) { nodes { id } } }', {}],
    [
      'takes the larger of two',
      1 + 100,
      'query ($n: Int) { executions(first: $n, last: 100) { nodes { id } } }',
      { n: null },
    ],
    ['is that of the largest page for nonsense', 1 + 500, '{ executions(first: 1000000) { nodes { id } } }'],
    ['is never negative', 1, '{ executions(first: -5) { nodes { id } } }'],
    [
      'counts fragments as often as they are spread',
      2 * (1 + 2),
      '{ a: executions(first: 2) { ...P } b: executions(first: 2) { ... on ExecutionConnection { ...P } } } fragment P on ExecutionConnection { nodes { id } }',
    ],
    ['is 10 more for a change', 10 + 1 + 1, 'mutation { tokenRevoke(id: "x") { token { id } } }'],
    [
      'is 10 more for each change of many',
      1 + 10 * 30,
      'mutation { executionsCancel(filter: {}, first: 30) { matched } }',
    ],
    ['is 10 more for a subscription', 10 + 1, 'subscription { executionUpdates { id } }'],
    ['is 50 more for what keeps a process busy', 50 + 1, '{ pythonCheck(code: "1") { ok } }'],
  ])('%s', (_what, cost, query, ...[variables]) => {
    expect(costOf(query, variables)).toBe(cost);
  });
});

describe('a meter', () => {
  const account = (id: string, costPerMinute: number | null): Account => ({
    id,
    owner: 'this token',
    costPerMinute,
    maxRunningExecutions: null,
  });

  test('gives what a minute allows at once, and then evenly', () => {
    let now = 0;
    const { charge } = makeMeter(() => now);
    const a = [account('a', 60)];
    expect(charge(a, 50)).toEqual({
      requestedQueryCost: 50,
      throttleStatus: { maximumAvailable: 60, currentlyAvailable: 10, restoreRate: 1 },
    });
    expect(() => charge(a, 15)).toThrow(
      expect.objectContaining({
        extensions: expect.objectContaining({ code: 'RATE_LIMITED', retryAfterSeconds: 5 }),
      }),
    );
    now = 5_000;
    expect(charge(a, 15).throttleStatus?.currentlyAvailable).toBe(0);
  });

  test('takes from all accounts or from none', () => {
    const { charge } = makeMeter(() => 0);
    const [page, other, backend] = [account('page', 100), account('other', 100), account('backend', 150)];
    charge([page, backend], 90);
    expect(() => charge([other, backend], 70)).toThrow(/Try again/);
    expect(charge([other, backend], 60).throttleStatus).toMatchObject({
      maximumAvailable: 150,
      currentlyAvailable: 0,
    });
    expect(charge([other], 40).throttleStatus).toMatchObject({ currentlyAvailable: 0 });
  });

  test('refuses for good what no minute allows', () => {
    const { charge } = makeMeter(() => 0);
    expect(() => charge([account('a', 60)], 61)).toThrow(
      expect.objectContaining({ extensions: expect.objectContaining({ code: 'MAX_COST_EXCEEDED' }) }),
    );
    expect(charge([account('a', null)], 61)).toEqual({ requestedQueryCost: 61 });
  });
});
