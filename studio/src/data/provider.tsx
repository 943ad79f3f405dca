import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { WeftClient } from '@weft/client';
import { WeftProvider as ClientProvider } from '@weft/client/react';
import { type ReactElement, type ReactNode, useEffect, useRef, useState } from 'react';
import '../ui/tokens.css';
import '../ui/base.css';
import { classNames } from '../ui/class-names.ts';
import { ToastProvider } from '../ui/toast.tsx';

export interface WeftProviderProps {
  /** Make it outside of components, so that it stays the same one: with another client all is read anew. */
  client: WeftClient;
  /** Follows the system unless given. */
  theme?: 'light' | 'dark' | undefined;
  /** With another client, what was read stays until it is read again: for another token of the same server. */
  keepsData?: boolean;
  className?: string;
  children: ReactNode;
}

/**
 * What every part of the console needs around it: the client, the store of what was read, and the design. It draws one
 * element, within which the styles apply.
 */
export function WeftProvider({
  client,
  theme,
  keepsData = false,
  className,
  children,
}: WeftProviderProps): ReactElement {
  const [queryClient] = useState(makeQueryClient);
  const reads = useRef(client);
  useEffect(() => {
    if (reads.current === client) return;
    reads.current = client;
    void readByNewClient(queryClient, keepsData);
  }, [client, queryClient, keepsData]);
  return (
    <ClientProvider client={client}>
      <QueryClientProvider client={queryClient}>
        <div className={classNames('weft', className)} data-weft-theme={theme}>
          <ToastProvider>{children}</ToastProvider>
        </div>
      </QueryClientProvider>
    </ClientProvider>
  );
}

/** What one client has read is not another's, nor is what it is still reading, which a refetch would join. Never rejects. */
async function readByNewClient(queryClient: QueryClient, keepsData: boolean): Promise<void> {
  await queryClient.cancelQueries();
  await (keepsData ? queryClient.invalidateQueries() : queryClient.resetQueries());
}

/** The client retries by itself, and streams say what has changed: nothing here polls or fetches on a mere focus. */
function makeQueryClient(): QueryClient {
  const queries = {
    retry: false,
    networkMode: 'always',
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  } as const;
  return new QueryClient({ defaultOptions: { queries, mutations: { retry: false, networkMode: 'always' } } });
}
