import { type ClassType, Field, ObjectType } from 'type-graphql';
import { WeftError } from '../../shared/errors.ts';
import type { Page, PageRequest } from '../../workflows/types.ts';
import { defaultPageSize, maxPageSize, type PageArgs } from './page.args.ts';
import { PageInfo } from './page-info.type.ts';

export interface Connection<T> {
  edges: { cursor: string; node: T }[];
  nodes: T[];
  pageInfo: PageInfo;
}

/** Makes the GraphQL types `<Name>Connection` and `<Name>ConnectionEdge` of a list that is read page by page. */
export function connectionOf<T extends object>(
  name: string,
  itemType: () => abstract new () => T,
): ClassType<Connection<T>> {
  @ObjectType(`${name}ConnectionEdge`, {
    simpleResolvers: true,
    description: 'An item of a list, with its place in it.',
  })
  class EdgeType {
    @Field(() => String, { description: 'The place of this item: give it as `after` to read on from here.' })
    cursor!: string;

    @Field(itemType, { description: 'The item.' })
    node!: T;
  }

  @ObjectType(`${name}Connection`, { simpleResolvers: true, description: 'One page of a list.' })
  class ConnectionType implements Connection<T> {
    @Field(() => [EdgeType], { description: 'The items, each with its cursor.' })
    edges!: EdgeType[];

    @Field(() => [itemType()], {
      description: 'The items alone, for clients that need no cursors of their own.',
    })
    nodes!: T[];

    @Field(() => PageInfo, { description: 'Where this page begins and ends, and whether there is more.' })
    pageInfo!: PageInfo;
  }
  return ConnectionType;
}

export function toConnection<T>(
  { items, hasNextPage }: Page<T>,
  { after }: PageRequest,
  cursorOf: (item: T) => string,
): Connection<T> {
  const edges = items.map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    nodes: items,
    pageInfo: {
      hasNextPage,
      hasPreviousPage: after !== null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** @throws WeftError BAD_USER_INPUT */
export function toPageRequest(
  { first: given, after }: PageArgs,
  isCursor: (text: string) => boolean,
): PageRequest {
  const first = given ?? defaultPageSize;
  if (first < 1 || first > maxPageSize) {
    throw new WeftError('BAD_USER_INPUT', `Expected \`first\` to be from 1 to ${maxPageSize}, got ${first}.`);
  }
  if (after != null && !isCursor(after)) {
    throw new WeftError(
      'INVALID_CURSOR',
      'Expected `after` to be a cursor of this list, such as its `pageInfo.endCursor`.',
    );
  }
  return { first, after: after ?? null };
}
