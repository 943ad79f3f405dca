import type { NodeDefinition, WorkflowVersion } from '@weft/client';
import type { ReactElement } from 'react';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/feedback.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { type Editor, useChangedTypes } from './use-editor.ts';
import type { SaveProblem } from './use-saving.ts';

export interface EditorBarsProps {
  editor: Editor;
  /** As the server said last. */
  latestVersion: WorkflowVersion;
  definitions: readonly NodeDefinition[];
  problem: SaveProblem | null;
  onCompare: (theirs: WorkflowVersion) => void;
  onSave: () => void;
  onSaveAsNew: (() => void) | undefined;
}

/** What somebody should know above the canvas: a draft, a version of somebody else, a server that is gone. */
export function EditorBars(props: EditorBarsProps): ReactElement {
  const { editor, latestVersion, definitions, problem, onCompare, onSave, onSaveAsNew } = props;
  const { changed, accept } = useChangedTypes(definitions);
  const isBehind = latestVersion.number > editor.state.savedVersion;
  return (
    <div className="weft-editor__bars" role="status">
      {editor.draft && (
        <Callout
          tone="running"
          title={
            <>
              There are unsaved changes from <RelativeTime at={new Date(editor.draft.at).toISOString()} />
            </>
          }
          actions={
            <>
              <Button size="small" variant="primary" onClick={editor.restoreDraft}>
                Restore
              </Button>
              <Button size="small" onClick={editor.discardDraft}>
                Discard
              </Button>
            </>
          }
        />
      )}
      {isBehind && (
        <Callout
          tone="waiting"
          title={`Somebody has saved version ${latestVersion.number} meanwhile`}
          actions={
            <Button size="small" onClick={() => onCompare(latestVersion)}>
              Compare
            </Button>
          }
        />
      )}
      {changed.length > 0 && (
        <Callout
          tone="waiting"
          title="The types of nodes have changed on the server"
          actions={
            <Button size="small" onClick={accept}>
              Understood
            </Button>
          }
        >
          <p>The editor uses the new ones: {changed.join(', ')}.</p>
        </Callout>
      )}
      {problem?.kind === 'unreachable' && editor.isDirty && (
        <Callout
          tone="failure"
          title="Not saved: the server cannot be reached"
          actions={
            <Button size="small" icon="refresh" isBusy={editor.isSaving} onClick={onSave}>
              Try again
            </Button>
          }
        >
          <p>Your changes are kept in this browser. Go on editing.</p>
        </Callout>
      )}
      {problem?.kind === 'deleted' && (
        <Callout
          tone="failure"
          title="Not saved: somebody has deleted this workflow"
          actions={
            onSaveAsNew && (
              <Button size="small" icon="save" onClick={onSaveAsNew}>
                Save as a new workflow
              </Button>
            )
          }
        />
      )}
    </div>
  );
}
