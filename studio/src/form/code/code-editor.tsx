import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { python } from '@codemirror/lang-python';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Annotation, Compartment, EditorState, type Extension } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder as placeholderOf,
} from '@codemirror/view';
import type { PythonCheck } from '@weft/client';
import { type ReactElement, useEffect, useRef, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { highlightStyle, theme } from './appearance.ts';
import { LargeCode } from './large-code.tsx';
import { pythonCompletion } from './python-completion.ts';
import { pythonLinter } from './python-linter.ts';

export interface CodeEditorProps {
  id: string;
  /** What it is of, for its title where it is large. */
  label: string;
  labelId: string;
  value: string;
  onChange: (value: string) => void;
  language: 'python' | 'json' | 'text';
  describedBy?: string | undefined;
  isInvalid?: boolean;
  isRequired?: boolean;
  isReadOnly?: boolean;
  placeholder?: string | undefined;
  /** Finds what the sandbox would refuse, as it is typed. */
  check?: ((code: string) => Promise<PythonCheck>) | undefined;
  /** What `input_data` was in the last run, for completion. */
  inputData?: unknown;
}

/**
 * CodeMirror with the languages of a workflow. Tab indents; Escape makes Tab leave the editor, which a hint says while
 * the editor has the focus. Where it was made large, Escape makes it small again.
 */
export default function CodeEditor(props: CodeEditorProps): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor>(undefined);
  // What the editor calls and reads is always the latest.
  const latest = useRef(props);
  latest.current = props;
  const [tabLeaves, setTabLeaves] = useState(false);
  const [isLarge, setIsLarge] = useState(false);
  const leaving = useRef<(leaves: boolean) => void>(setTabLeaves);
  leaving.current = (leaves) => (isLarge ? leaves && setIsLarge(false) : setTabLeaves(leaves));
  const { id, labelId, value, language, isReadOnly = false, describedBy, isInvalid, placeholder } = props;
  const hintId = `${id}-hint`;
  const attributes = {
    id,
    'aria-labelledby': labelId,
    'aria-describedby': [describedBy, hintId].filter(Boolean).join(' '),
    ...(isInvalid && { 'aria-invalid': 'true' }),
    ...(props.isRequired && { 'aria-required': 'true' }),
  };
  const attributesKey = JSON.stringify(attributes);

  useEffect(() => {
    editor.current = openEditor(host.current!, latest, (leaves) => leaving.current(leaves));
    return () => editor.current?.view.destroy();
  }, []);
  useEffect(() => editor.current?.show(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the attributes are compared by what they say
  useEffect(
    () => editor.current?.configure(settingsOf(language, isReadOnly, placeholder, attributes, latest)),
    [language, isReadOnly, placeholder, attributesKey],
  );
  return (
    <div className="weft-code" data-invalid={isInvalid || undefined} data-readonly={isReadOnly || undefined}>
      <div ref={host} />
      <div className="weft-code__hint">
        <p id={hintId} aria-live="polite">
          {tabLeaves ? (
            <>Tab leaves the editor now.</>
          ) : (
            <>
              <kbd>Tab</kbd> indents, <kbd>Esc</kbd> then <kbd>Tab</kbd> leaves
              {language === 'python' && (
                <>
                  , <kbd>F8</kbd> goes to the next finding
                </>
              )}
            </>
          )}
        </p>
        <Button
          size="small"
          variant="ghost"
          icon="enlarge"
          aria-label={`Enlarge ${props.label}`}
          onClick={() => setIsLarge(true)}
        >
          Enlarge
        </Button>
      </div>
      {isLarge && editor.current && (
        <LargeCode
          title={props.label}
          view={editor.current.view}
          home={host}
          onClose={() => setIsLarge(false)}
        />
      )}
    </div>
  );
}

interface Editor {
  view: EditorView;
  /** Shows a value from outside; keeps the cursor where the text is the same. */
  show: (value: string) => void;
  configure: (extension: Extension) => void;
}

type Latest = { readonly current: CodeEditorProps };

function openEditor(parent: HTMLElement, latest: Latest, onTabLeaves: (leaves: boolean) => void): Editor {
  const settings = new Compartment();
  const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce;
  // The value that was reported last: when it comes back it is no change from outside, even if more was typed since.
  let reported = latest.current.value;
  const reporting = EditorView.updateListener.of((update) => {
    if (!update.docChanged || update.transactions.some((each) => each.annotation(fromOutside))) return;
    reported = update.state.doc.toString();
    latest.current.onChange(reported);
  });
  const view = new EditorView({
    parent,
    doc: reported,
    extensions: [
      nonce ? EditorView.cspNonce.of(nonce) : [],
      base,
      leavingByEscape(onTabLeaves),
      settings.of([]),
      reporting,
    ],
  });
  return {
    view,
    show(value) {
      if (value === reported || value === view.state.doc.toString()) return;
      reported = value;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: value },
        annotations: fromOutside.of(true),
      });
    },
    configure: (extension) => view.dispatch({ effects: settings.reconfigure(extension) }),
  };
}

const fromOutside = Annotation.define<true>();

const base: Extension = [
  lineNumbers(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightSelectionMatches(),
  search({ top: true }),
  EditorState.allowMultipleSelections.of(true),
  EditorState.tabSize.of(4),
  indentUnit.of('    '),
  syntaxHighlighting(highlightStyle),
  theme,
  keymap.of([
    ...closeBracketsKeymap,
    ...lintKeymap,
    ...completionKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...defaultKeymap,
    indentWithTab,
  ]),
];

/** Below all other keys: an open list or panel closes by the first Escape. */
function leavingByEscape(onTabLeaves: (leaves: boolean) => void): Extension {
  const set = (view: EditorView, leaves: boolean) => {
    view.setTabFocusMode(leaves);
    onTabLeaves(leaves);
  };
  return [
    EditorView.domEventHandlers({
      focus: (_, view) => set(view, false),
      keydown(event, view) {
        // What is around the editor has an Escape of its own, such as one that closes the form.
        if (event.key === 'Escape') event.stopPropagation();
        else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) set(view, false);
      },
    }),
    keymap.of([
      {
        key: 'Escape',
        run: (view) => {
          set(view, true);
          return true;
        },
      },
    ]),
  ];
}

function settingsOf(
  language: CodeEditorProps['language'],
  isReadOnly: boolean,
  placeholder: string | undefined,
  attributes: Record<string, string>,
  latest: Latest,
): Extension {
  return [
    languages[language](latest),
    EditorView.contentAttributes.of(attributes),
    EditorState.readOnly.of(isReadOnly),
    EditorView.editable.of(!isReadOnly),
    placeholder === undefined ? [] : placeholderOf(placeholder),
  ];
}

const languages: Record<CodeEditorProps['language'], (latest: Latest) => Extension> = {
  python: (latest) => [
    python(),
    autocompletion({ icons: false, override: [pythonCompletion(() => latest.current.inputData)] }),
    pythonLinter(() => latest.current.check),
    lintGutter(),
  ],
  json: () => [json(), EditorView.lineWrapping],
  text: () => [],
};
