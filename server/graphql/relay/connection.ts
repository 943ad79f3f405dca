import { type ClassType, Field, ObjectType } from 'type-graphql';
import { WeftError } from '../../shared/errors.ts';
import type { Page, PageRequest } from '../../use-cases/types.ts';
import type { PageArgs } from './page.args.ts';
import { PageInfo } from './page-info.type.ts';
import { defaultPageSize, maxPageSize } from './page-size.ts';

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
    @Field(() => String, {
      description: 'The place of this item: pass it as `after` to continue after this item.',
    })
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

export function toConnection<Row, Node>(
  { items, hasNextPage, hasPreviousPage }: Page<Row>,
  toNode: (row: Row) => Node,
  cursorOf: (row: Row) => string,
): Connection<Node> {
  const edges = items.map((row) => ({ cursor: cursorOf(row), node: toNode(row) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** @throws WeftError BAD_USER_INPUT, INVALID_CURSOR */
export function toPageRequest(
  { first, after, last, before }: PageArgs,
  isCursor: (text: string) => boolean,
): PageRequest {
  const isBackward = last != null || before != null;
  if (isBackward && (first != null || after != null))
    throw new WeftError(
      'BAD_USER_INPUT',
      'Expected `first` and `after`, or `last` and `before`, got some of both.',
    );
  const name = isBackward ? 'last' : 'first';
  const size = (isBackward ? last : first) ?? defaultPageSize;
  if (size < 1 || size > maxPageSize)
    throw new WeftError(
      'BAD_USER_INPUT',
      `Expected \`${name}\` to be from 1 to ${maxPageSize}, got ${size}.`,
    );
  const cursor = (isBackward ? before : after) ?? null;
  if (cursor !== null && !isCursor(cursor))
    throw new WeftError(
      'INVALID_CURSOR',
      `Expected \`${isBackward ? 'before' : 'after'}\` to be a cursor of this list, such as its \`pageInfo.${isBackward ? 'startCursor' : 'endCursor'}\`.`,
    );
  return { size, cursor, isBackward };
}
