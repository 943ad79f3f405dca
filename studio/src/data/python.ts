import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import type { PythonCheck, WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { useCallback, useEffect, useState } from 'react';
import { keys } from './keys.ts';

/** What the server says of code. Each code is checked once, whoever asks. */
function checkOf(client: WeftClient, code: string) {
  return queryOptions({
    queryKey: keys.pythonCheck(code),
    queryFn: ({ signal }) => client.python.check(code, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: keptMs,
  });
}

/** Of code that is being typed: once it has not changed for a moment; until then, what was said of it before. */
export function usePythonCheck(code: string): PythonCheck | undefined {
  const client = useWeft();
  const settled = useSettled(code);
  const { data } = useQuery({
    ...checkOf(client, settled),
    enabled: settled.trim() !== '',
    placeholderData: keepPreviousData,
  });
  return code.trim() === '' ? undefined : data;
}

/** The same, when it is asked for. */
export function useCheckPython(): (code: string) => Promise<PythonCheck> {
  const client = useWeft();
  const queries = useQueryClient();
  return useCallback((code) => queries.fetchQuery(checkOf(client, code)), [client, queries]);
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
