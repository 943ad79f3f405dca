import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import type { PythonCheck, PythonPolicy, WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { createContext, useContext, useEffect, useState } from 'react';
import { keys } from './keys.ts';

/** What the workflow around the code lets it do; undefined for what the server grants. */
export const PythonPolicyContext = createContext<PythonPolicy | undefined>(undefined);

/** What the node around the code lets it import, and where it may send requests. */
export interface PythonNode {
  packages?: string[];
  hosts?: string[];
}
type Around = PythonNode & { policy?: PythonPolicy | undefined };

/** What the server says of code. Each code is checked once with what is around it, whoever asks. */
function checkOf(client: WeftClient, code: string, around: Around) {
  return queryOptions({
    queryKey: keys.pythonCheck(code, around),
    queryFn: ({ signal }) => client.python.check(code, { ...around, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: keptMs,
  });
}

/** Of code that is being typed: once it has not changed for a moment; until then, what was said of it before. */
export function usePythonCheck(code: string): PythonCheck | undefined {
  const client = useWeft();
  const settled = useSettled(code);
  const policy = useContext(PythonPolicyContext);
  const { data } = useQuery({
    ...checkOf(client, settled, policy ? { policy } : {}),
    enabled: settled.trim() !== '',
    placeholderData: keepPreviousData,
  });
  return code.trim() === '' ? undefined : data;
}

/** The same, when it is asked for. */
export function useCheckPython({
  packages = [],
  hosts = [],
}: PythonNode): (code: string) => Promise<PythonCheck> {
  const client = useWeft();
  const queries = useQueryClient();
  const policy = useContext(PythonPolicyContext);
  return (code) => queries.fetchQuery(checkOf(client, code, { ...(policy && { policy }), packages, hosts }));
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(setSettled, pauseMs, value);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

const pauseMs = 350;
/** Code that was typed over is not asked for again. */
const keptMs = 60_000;
