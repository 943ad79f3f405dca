import { useQueryClient } from '@tanstack/react-query';
import type { NodeDefinition, UserError, WeftClient, Workflow, WorkflowVersion } from '@weft/client';
import { WeftConnectionError, WeftInputError, WeftNotFoundError } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import type { CanvasSelection } from '../canvas/types.ts';
import { keys } from '../data/keys.ts';
import { withPlaces } from './edits.ts';
import { toDocument, toInput, type WorkflowDocument } from './model/document.ts';
import { type Draft, readDraft, removeDraft, writeDraft } from './model/draft.ts';
import { type Finding, placeFindings } from './model/findings.ts';
import type { Definitions } from './model/operations.ts';
import { type EditorState, hasUnsaved, openEditor, reduceEditor } from './model/state.ts';

/** What came of an attempt to save. */
export type SaveOutcome =
  | { kind: 'saved'; version: number }
  | { kind: 'conflict'; theirs: WorkflowVersion }
  | { kind: 'invalid'; errors: readonly UserError[] }
  | { kind: 'unreachable'; message: string }
  | { kind: 'deleted' }
  | { kind: 'failed'; message: string };

export interface Editor {
  state: EditorState;
  isDirty: boolean;
  isSaving: boolean;
  /** Changes the document as one step of undo, or as part of the last one of the same group. */
  edit(change: (document: WorkflowDocument) => WorkflowDocument, options?: EditOptions): void;
  select(selected: CanvasSelection): void;
  undo(): void;
  redo(): void;
  /** @param over the version that is to be replaced, unless it is the one that this editor began from */
  save(over?: WorkflowVersion): Promise<SaveOutcome>;
  /** Goes on from another version: what this editor had can be undone to. */
  take(version: WorkflowVersion): void;
  /** Unsaved work of an earlier visit, until somebody has decided about it. */
  draft: Draft | null;
  restoreDraft(): void;
  discardDraft(): void;
}

export interface EditOptions {
  select?: CanvasSelection;
  group?: string;
}

/** The document of an open editor, with its draft in the browser and its way to the server. */
export function useEditor(workflow: Workflow, types: Definitions): Editor {
  const client = useWeft();
  const queries = useQueryClient();
  const { id } = workflow;
  const [state, dispatch] = useReducer(reduceEditor, workflow.latestVersion, (version) =>
    openVersion(version, types),
  );
  const [isSaving, setIsSaving] = useState(false);
  const [draft, setDraft] = useState(() => offeredDraft(workflow, types));
  const isDirty = useMemo(() => hasUnsaved(state), [state]);
  const latest = useRef(state);
  latest.current = state;
  useDraft(id, state, isDirty, draft !== null);

  const edit: Editor['edit'] = useCallback(
    (change, options = {}) => dispatch({ kind: 'edit', change, at: performance.now(), ...options }),
    [],
  );
  const take: Editor['take'] = useCallback(
    (version) => {
      const document = withPlaces(toDocument(version), types);
      dispatch({ kind: 'edit', change: () => document, at: performance.now() });
      dispatch({ kind: 'saved', document, version: version.number });
    },
    [types],
  );
  const save: Editor['save'] = useCallback(
    async (over) => {
      const { document, savedVersion } = latest.current;
      setIsSaving(true);
      // Whatever becomes of the request.
      writeDraft(localStorage, id, { document, baseVersion: savedVersion, at: Date.now() });
      try {
        const expectedVersion = over?.number ?? savedVersion;
        const saved = await client.workflows.update(id, toInput(document), { expectedVersion });
        const version = saved.latestVersion.number;
        dispatch({ kind: 'saved', document, version });
        if (latest.current.document === document) removeDraft(localStorage, id);
        queries.setQueryData(keys.workflow(id), saved);
        void queries.invalidateQueries({ queryKey: keys.workflows() });
        void queries.invalidateQueries({ queryKey: versionsKey(id) });
        return { kind: 'saved', version };
      } catch (error) {
        return await outcomeOf(error as Error, client, id);
      } finally {
        setIsSaving(false);
      }
    },
    [client, id, queries],
  );
  return {
    state,
    isDirty,
    isSaving,
    edit,
    take,
    save,
    select: useCallback((selected) => dispatch({ kind: 'select', selected }), []),
    undo: useCallback(() => dispatch({ kind: 'undo' }), []),
    redo: useCallback(() => dispatch({ kind: 'redo' }), []),
    draft,
    restoreDraft() {
      if (draft === null) return;
      edit(() => draft.document);
      // Where somebody has saved since, saving this says so.
      dispatch({ kind: 'saved', document: state.saved, version: draft.baseVersion });
      setDraft(null);
    },
    discardDraft() {
      removeDraft(localStorage, id);
      setDraft(null);
    },
  };
}

async function outcomeOf(error: Error, client: WeftClient, id: string): Promise<SaveOutcome> {
  if (error instanceof WeftInputError && error.userErrors.some(({ code }) => code === 'CONFLICT')) {
    const theirs = await client.workflows.get(id).catch(() => null);
    return theirs === null
      ? { kind: 'failed', message: error.message }
      : { kind: 'conflict', theirs: theirs.latestVersion };
  }
  if (error instanceof WeftInputError) return { kind: 'invalid', errors: error.userErrors };
  if (error instanceof WeftNotFoundError) return { kind: 'deleted' };
  if (error instanceof WeftConnectionError) return { kind: 'unreachable', message: error.message };
  return { kind: 'failed', message: error.message };
}

export function versionsKey(id: string): readonly unknown[] {
  return ['workflowVersions', id];
}

function openVersion(version: WorkflowVersion, types: Definitions): EditorState {
  return openEditor(withPlaces(toDocument(version), types), version.number);
}

function offeredDraft({ id, latestVersion }: Workflow, types: Definitions): Draft | null {
  const draft = readDraft(localStorage, id);
  if (draft === null) return null;
  const isNews = hasUnsaved({ ...openVersion(latestVersion, types), document: draft.document });
  if (!isNews) removeDraft(localStorage, id);
  return isNews ? draft : null;
}

/** Writes what is unsaved into the browser's storage, soon after each change and at once when the page goes. */
function useDraft(id: string, state: EditorState, isDirty: boolean, isOffering: boolean): void {
  const pending = useRef<(() => void) | undefined>(undefined);
  useEffect(() => {
    if (isOffering && !isDirty) return; // Nobody has decided about the earlier one yet.
    const write = () => {
      pending.current = undefined;
      const draft = { document: state.document, baseVersion: state.savedVersion, at: Date.now() };
      if (isDirty) writeDraft(localStorage, id, draft);
      else removeDraft(localStorage, id);
    };
    pending.current = write;
    const timer = setTimeout(() => pending.current?.(), draftMs);
    return () => clearTimeout(timer);
  }, [id, state.document, state.savedVersion, isDirty, isOffering]);
  useEffect(() => {
    const flush = () => pending.current?.();
    addEventListener('pagehide', flush);
    return () => {
      removeEventListener('pagehide', flush);
      flush();
    };
  }, []);
}

const draftMs = 400;

/** What the server finds in the document, a moment after each change; the last answer wins. */
export function useFindings(document: WorkflowDocument): readonly Finding[] {
  const client = useWeft();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      client.workflows.validate(toInput(document), { signal: abort.signal }).then(
        (errors) => abort.signal.aborted || setFindings(placeFindings(errors, document)),
        () => {}, // The server is gone, which the page says already; the next change asks again.
      );
    }, validateMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [client, document]);
  return findings;
}

const validateMs = 300;

/** The types of nodes that have come, gone or changed since the editor was opened. */
export function useChangedTypes(definitions: readonly NodeDefinition[]): {
  changed: readonly string[];
  accept: () => void;
} {
  const [known, setKnown] = useState(definitions);
  const changed = useMemo(() => {
    if (known === definitions) return [];
    const before = new Map(known.map((each) => [each.type, JSON.stringify(each)]));
    const after = new Map(definitions.map((each) => [each.type, JSON.stringify(each)]));
    return [...new Set([...before.keys(), ...after.keys()])].filter(
      (type) => before.get(type) !== after.get(type),
    );
  }, [known, definitions]);
  return { changed, accept: () => setKnown(definitions) };
}
