import { useInfiniteQuery } from '@tanstack/react-query';
import type { ExecutionDetails } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { keys } from '../data/keys.ts';
import { useLiveLists } from '../data/live-lists.ts';
import { pagesOf } from '../data/pages.ts';
import type { RunModel } from './model/records.ts';

/** Types whose nodes start executions. */
const starters = ['subworkflow', 'repeat'];

export function startsRuns(details: ExecutionDetails | undefined, nodeKey: string | null): boolean {
  const nodes = details?.version?.nodes ?? [];
  return nodes.some(({ key, type }) => starters.includes(type) && (nodeKey === null || key === nodeKey));
}

/** The runs that nodes of a run have started, newest first; read again when there may be more, and live. */
export function useChildren(executionId: string, run: RunModel, isWanted: boolean) {
  const client = useWeft();
  useLiveLists();
  return useInfiniteQuery({
    queryKey: [...keys.children(executionId), run.steps.length],
    placeholderData: (before) => before,
    enabled: isWanted,
    ...pagesOf((place) => client.executions.run(executionId).children({ pageSize: 50, ...place })),
  });
}
