'use client';

import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react';
import type { WeftClient } from '../client.ts';

const Context = createContext<WeftClient | null>(null);

/** Provides the client to the hooks below it. Create the client outside of components, so that it stays the same. */
export function WeftProvider(props: { client: WeftClient; children?: ReactNode }): ReactElement {
  return createElement(Context.Provider, { value: props.client }, props.children);
}

/** The client of the nearest provider. @throws Error where there is none */
export function useWeft(): WeftClient {
  const client = useContext(Context);
  if (client === null) {
    throw new Error('Expected a <WeftProvider client={…}> around this component, found none.');
  }
  return client;
}
