import { type CanvasSelection, emptySelection } from '../../canvas/types.ts';
import { isEqual, type WorkflowDocument } from './document.ts';
import { keysOf } from './operations.ts';

/** An open editor: the document with its past and future, what is chosen, and the version that it began from. */
export interface EditorState {
  document: WorkflowDocument;
  selected: CanvasSelection;
  past: readonly Snapshot[];
  future: readonly Snapshot[];
  /** What the last edit was, so that typing on in one field is undone at once. */
  group: { name: string; at: number } | null;
  /** The version that is saved, as far as this editor knows. */
  saved: WorkflowDocument;
  savedVersion: number;
}

interface Snapshot {
  document: WorkflowDocument;
  selected: CanvasSelection;
}

export type EditorAction =
  | {
      kind: 'edit';
      /** The document after it; the same one changes nothing. */
      change: (document: WorkflowDocument) => WorkflowDocument;
      /** What is chosen afterwards; unless given what is chosen and still there. */
      select?: CanvasSelection;
      /** Edits of the same group, shortly after each other, are one step of undo. */
      group?: string;
      /** Milliseconds, of any clock. */
      at: number;
    }
  | { kind: 'select'; selected: CanvasSelection }
  | { kind: 'undo' }
  | { kind: 'redo' }
  /** A version was saved, or somebody else's is taken as what this one builds on. */
  | { kind: 'saved'; document: WorkflowDocument; version: number };

export function openEditor(saved: WorkflowDocument, savedVersion: number): EditorState {
  return {
    document: saved,
    selected: emptySelection,
    past: [],
    future: [],
    group: null,
    saved,
    savedVersion,
  };
}

export function reduceEditor(state: EditorState, action: EditorAction): EditorState {
  switch (action.kind) {
    case 'edit':
      return edit(state, action);
    case 'select':
      return isEqual(action.selected, state.selected) ? state : { ...state, selected: action.selected };
    case 'undo':
      return step(state, 'past', 'future');
    case 'redo':
      return step(state, 'future', 'past');
    case 'saved':
      return { ...state, saved: action.document, savedVersion: action.version, group: null };
    default:
      return action satisfies never;
  }
}

export function hasUnsaved({ document, saved }: EditorState): boolean {
  return !isEqual(document, saved);
}

function edit(state: EditorState, action: EditorAction & { kind: 'edit' }): EditorState {
  const document = action.change(state.document);
  const selected = withinDocument(action.select ?? state.selected, document);
  if (document === state.document) return { ...state, selected };
  const continues =
    action.group !== undefined && state.group?.name === action.group && action.at - state.group.at < groupMs;
  const past = continues
    ? state.past
    : [...state.past.slice(1 - maxSteps), { document: state.document, selected: state.selected }];
  const group = action.group === undefined ? null : { name: action.group, at: action.at };
  return { ...state, document, selected, past, future: [], group };
}

/** A pause longer than this begins another step. */
const groupMs = 1_000;
const maxSteps = 200;

function step(state: EditorState, from: 'past' | 'future', to: 'past' | 'future'): EditorState {
  const snapshot = state[from].at(-1);
  if (snapshot === undefined) return state;
  return {
    ...state,
    ...snapshot,
    [from]: state[from].slice(0, -1),
    [to]: [...state[to], { document: state.document, selected: state.selected }],
    group: null,
  };
}

function withinDocument(selected: CanvasSelection, document: WorkflowDocument): CanvasSelection {
  const keys = keysOf(document);
  const nodes = selected.nodes.filter((key) => keys.has(key));
  return nodes.length === selected.nodes.length ? selected : { ...selected, nodes };
}
