import { useQuery } from '@tanstack/react-query';
import { useWeft } from '@weft/client/react';
import { keys } from './keys.ts';

/** What the server is, and whether its sandbox can run Python. */
export function useServerInfo() {
  const client = useWeft();
  return useQuery({
    queryKey: keys.serverInfo,
    queryFn: ({ signal }) => client.serverInfo({ signal }),
  });
}

/** Every type of node. They change with the server's version alone, so they are read once. */
export function useNodeDefinitions() {
  const client = useWeft();
  return useQuery({
    queryKey: keys.nodeDefinitions,
    queryFn: ({ signal }) => client.nodeDefinitions({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
