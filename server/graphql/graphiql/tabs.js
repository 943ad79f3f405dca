import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';
import { executions } from './fetch-operation.js';

/**
 * GraphiQL holds one running operation for all of its tabs. It stops the operation when the tab changes, but not when
 * a new tab opens: the new tab would show the results, and its first Ctrl-Enter would stop instead of run.
 */
export function StopOnTabChange() {
  const { stop } = useGraphiQLActions();
  const tabId = useGraphiQL(({ tabs, activeTabIndex }) => tabs[activeTabIndex].id);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the tab stops the operation
  useEffect(() => stop(), [tabId]);
}

/**
 * Writes the id of a new execution into the Variables, where the document declares an `$id`. GraphiQL restores the tab
 * whose stored document and Variables fit together, and stores a document only when it is edited: so store both.
 */
export function CopyExecutionId() {
  const storage = useGraphiQL((state) => state.storage);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  useEffect(() => {
    const copy = ({ detail: id }) => {
      const document = queryEditor?.getValue() ?? '';
      const variables = parseVariables(variableEditor?.getValue());
      if (!/\$id\b/.test(document) || variables === null) return;
      storage.set('query', document);
      variableEditor.setValue(JSON.stringify({ ...variables, id }, null, 2));
    };
    executions.addEventListener('started', copy);
    return () => executions.removeEventListener('started', copy);
  }, [queryEditor, variableEditor, storage]);
}

/** What is longer than the editor is wide goes on in the next line, and nothing has to be scrolled to be read. */
export function WrapLines() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => queryEditor?.updateOptions({ wordWrap: 'on' }), [queryEditor]);
}

/** Null for Variables that a person has not finished: they stay as they are. */
function parseVariables(text) {
  try {
    return JSON.parse(text?.trim() || '{}');
  } catch {
    return null;
  }
}
