import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import type { PythonCheck, PythonPolicy, WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { createContext, useCallback, useContext, useEffect, useState } from 'react';
import { keys } from './keys.ts';

/** What the workflow around the code lets it do; undefined for what the server grants. */
export const PythonPolicyContext = createContext<PythonPolicy | undefined>(undefined);

/** What the server says of code. Each code is checked once by each policy, whoever asks. */
function checkOf(client: WeftClient, code: string, policy: PythonPolicy | undefined) {
  return queryOptions({
    queryKey: keys.pythonCheck(code, policy),
    queryFn: ({ signal }) => client.python.check(code, { ...(policy && { policy }), signal }),
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
    ...checkOf(client, settled, policy),
    enabled: settled.trim() !== '',
    placeholderData: keepPreviousData,
  });
  return code.trim() === '' ? undefined : data;
}

/** The same, when it is asked for. */
export function useCheckPython(): (code: string) => Promise<PythonCheck> {
  const client = useWeft();
  const queries = useQueryClient();
  const policy = useContext(PythonPolicyContext);
  return useCallback((code) => queries.fetchQuery(checkOf(client, code, policy)), [client, queries, policy]);
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
