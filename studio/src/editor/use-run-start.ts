import { useState } from 'react';
import { useStartExecution } from '../data/executions.ts';
import type { LastRun } from './last-run.ts';
import type { Pins } from './pins.ts';
import type { Editor } from './use-editor.ts';

export interface RunStartOptions {
  workflowId: string;
  editor: Editor;
  pins: Pins;
  lastRun: LastRun | undefined;
  input: unknown;
  /** Saves what is unsaved; whether that went well. */
  onSave: () => Promise<boolean>;
  onStarted: (runId: string) => void;
}

/** What of the workflow to run; all of it where neither is given. */
export interface RunPart {
  from?: string;
  to?: string;
}

export interface RunStart {
  start: (part?: RunPart) => void;
  isStarting: boolean;
  error: Error | null;
}

/** Runs the workflow as it stands in its editor, or a part of it, with what is pinned and what the last run had. */
export function useRunStart(options: RunStartOptions): RunStart {
  const { editor, onSave, onStarted } = options;
  const starting = useStartExecution();
  const [isSaving, setIsSaving] = useState(false);
  const start = async (part: RunPart) => {
    if (editor.isDirty) {
      setIsSaving(true);
      const isSaved = await onSave();
      setIsSaving(false);
      if (!isSaved) return;
    }
    starting.mutate(startInput(options, part), { onSuccess: ({ id }) => onStarted(id) });
  };
  const { error, isPending } = starting;
  return { start: (part = {}) => void start(part), isStarting: isSaving || isPending, error };
}

function startInput({ workflowId, editor, pins, lastRun, input }: RunStartOptions, { from, to }: RunPart) {
  const keys = new Set(editor.state.document.nodes.map(({ key }) => key));
  const pinned = pins.all.filter(({ nodeKey }) => keys.has(nodeKey) && nodeKey !== from && nodeKey !== to);
  const whole = { workflowId, ...(pinned.length > 0 && { pinned }) };
  if (from === undefined) return { ...whole, input: input ?? null, ...(to !== undefined && { to: [to] }) };
  const part = { ...whole, from: [from], ...(to !== undefined && { to: [to] }) };
  return lastRun ? { ...part, pinnedFrom: lastRun.id } : { ...part, input: input ?? null };
}
