'use client';

import { useEffect, useState } from 'react';
import type { WeftError } from '../errors.ts';
import type { PythonEnvironmentProgress } from '../python.ts';
import { useWeft } from './provider.ts';

export interface EnvironmentView {
  /** How far the installation is; null before the server has answered. READY and FAILED are the last. */
  readonly progress: PythonEnvironmentProgress | null;
  readonly isReady: boolean;
  /** Why the installation cannot be followed. What cannot be installed is `progress` with FAILED. */
  readonly problem: WeftError | null;
}

/** Installs packages before the first run that needs them, stage by stage; null for none yet. */
export function useEnvironment(packages: readonly string[] | null): EnvironmentView {
  const client = useWeft();
  const [view, setView] = useState<EnvironmentView>(nothing);
  const key = packages === null ? null : JSON.stringify(packages);
  useEffect(() => {
    setView(nothing);
    if (key === null) return undefined;
    const left = new AbortController();
    const follow = async () => {
      for await (const progress of client.python.environments.progress(JSON.parse(key), {
        signal: left.signal,
      }))
        setView({ ...nothing, progress, isReady: progress.status === 'READY' });
    };
    follow().catch((problem: WeftError) => {
      if (!left.signal.aborted) setView({ ...nothing, problem });
    });
    return () => left.abort();
  }, [client, key]);
  return view;
}

const nothing: EnvironmentView = { progress: null, isReady: false, problem: null };
