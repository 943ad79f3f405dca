import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { PythonEnvironment, PythonEnvironmentProgress } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { keys } from './keys.ts';

/** The Python environments of the host that answers. */
export function useEnvironments() {
  const client = useWeft();
  return useQuery({
    queryKey: keys.environments,
    queryFn: ({ signal }) => client.python.environments.list({ signal }),
  });
}

export function useDeleteEnvironment() {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.python.environments.delete(id),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.environments }),
  });
}

/** A build that is followed stage by stage. */
export interface Preparation {
  packages: readonly string[];
  startedAt: string;
  /** Null until the server has begun. */
  stage: PythonEnvironmentProgress | null;
  /** Why it cannot be followed any more; the build may go on. */
  problem: Error | null;
}

export interface Preparations {
  all: readonly Preparation[];
  /** Builds an environment for these packages, or joins its build. */
  prepare(packages: readonly string[]): void;
  /** Takes one that has ended off the list. */
  dismiss(packages: readonly string[]): void;
}

/**
 * Builds that were begun here, and those of the list that others have begun, live. A page that is left follows them no
 * longer; the server goes on building.
 */
export function usePreparations(environments: readonly PythonEnvironment[] | undefined): Preparations {
  const client = useWeft();
  const queries = useQueryClient();
  const [all, setAll] = useState<readonly Preparation[]>([]);
  const followed = useRef(new Set<string>());
  const leaving = useRef(new AbortController());
  useEffect(() => {
    leaving.current = new AbortController();
    return () => {
      leaving.current.abort();
      followed.current.clear();
    };
  }, []);

  const { prepare, dismiss } = useMemo(() => {
    const change = (key: string, part: Partial<Preparation>) =>
      setAll((before) => before.map((each) => (keyOf(each.packages) === key ? { ...each, ...part } : each)));
    const follow = async (packages: readonly string[], startedAt: string) => {
      const key = keyOf(packages);
      if (followed.current.has(key)) return;
      followed.current.add(key);
      setAll((before) => [
        ...before.filter((each) => keyOf(each.packages) !== key),
        { packages, startedAt, stage: null, problem: null },
      ]);
      const { signal } = leaving.current;
      try {
        for await (const stage of client.python.environments.progress([...packages], { signal }))
          change(key, { stage });
      } catch (error) {
        if (!signal.aborted) change(key, { problem: error as Error });
      }
      followed.current.delete(key);
      if (!signal.aborted) await queries.invalidateQueries({ queryKey: keys.environments });
    };
    return {
      prepare: (packages: readonly string[], startedAt = new Date().toISOString()) =>
        void follow(packages, startedAt),
      dismiss: (packages: readonly string[]) =>
        setAll((before) => before.filter((each) => keyOf(each.packages) !== keyOf(packages))),
    };
  }, [client, queries]);

  useEffect(() => {
    for (const { state, requirements, createdAt } of environments ?? [])
      if (state === 'BUILDING') prepare(requirements, createdAt);
  }, [environments, prepare]);
  return { all, prepare, dismiss };
}

/** The same for the same packages in another order. */
export function keyOf(packages: readonly string[]): string {
  return [...packages].sort().join('\n');
}
