import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { NodeDefinition, WorkflowVersion } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { lazy, type ReactElement, Suspense, useMemo, useState } from 'react';
import { pagesOf } from '../data/pages.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { withPlaces } from './edits.ts';
import { diffDocuments, isSameWorkflow } from './model/diff.ts';
import { toDocument, type WorkflowDocument } from './model/document.ts';
import { versionsKey } from './use-editor.ts';

const DiffView = lazy(() => import('./diff-view.tsx'));

export interface VersionsDialogProps {
  workflowId: string;
  /** What is in the editor. */
  document: WorkflowDocument;
  definitions: readonly NodeDefinition[];
  isOpen: boolean;
  onClose: () => void;
  onRestore: (version: WorkflowVersion) => void;
}

/** The versions of a workflow, each beside what is in the editor. */
export function VersionsDialog(props: VersionsDialogProps): ReactElement {
  return (
    <Dialog title="Versions" size="large" isOpen={props.isOpen} onClose={props.onClose}>
      <Versions {...props} />
    </Dialog>
  );
}

function Versions({
  workflowId,
  document,
  definitions,
  onRestore,
  onClose,
}: VersionsDialogProps): ReactElement {
  const client = useWeft();
  const versions = useInfiniteQuery({
    queryKey: versionsKey(workflowId),
    ...pagesOf((place) => client.workflows.versions(workflowId, place)),
  });
  const [chosen, setChosen] = useState<number | null>(null);
  const number = chosen ?? versions.data?.[0]?.number ?? null;
  const version = useQuery({
    queryKey: [...versionsKey(workflowId), number],
    enabled: number !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => client.workflows.version(workflowId, number!, { signal }),
  });
  const error = versions.error ?? version.error;
  const before = useMemo(() => version.data && toDocument(version.data), [version.data]);
  const isSame = useMemo(() => {
    if (before == null) return false;
    const types = new Map(definitions.map((each) => [each.type, each]));
    return isSameWorkflow(diffDocuments(withPlaces(before, types), document));
  }, [before, document, definitions]);
  return (
    <div className="weft-versions">
      <div className="weft-versions__list">
        <ul aria-label="Versions">
          {versions.data?.map(({ number: each, name, createdAt }) => (
            <li key={each}>
              <button
                type="button"
                aria-pressed={each === number}
                className="weft-versions__item"
                onClick={() => setChosen(each)}
              >
                <strong>Version {each}</strong>
                <span className="weft-muted">
                  <RelativeTime at={createdAt} />
                </span>
                <span className="weft-versions__name">{name}</span>
              </button>
            </li>
          ))}
        </ul>
        {versions.hasNextPage && (
          <Button
            size="small"
            isBusy={versions.isFetchingNextPage}
            onClick={() => void versions.fetchNextPage()}
          >
            Show more
          </Button>
        )}
      </div>
      <div className="weft-versions__diff">
        {error && (
          <Callout tone="failure" title="The versions could not be read">
            {error.message}
          </Callout>
        )}
        {before && version.data ? (
          <>
            <div className="weft-versions__actions">
              {isSame ? (
                <p>Version {number} is what is in the editor.</p>
              ) : (
                <>
                  <p>
                    Version {number}, and what is in the editor <span className="weft-muted">(right)</span>
                  </p>
                  <Button
                    size="small"
                    icon="history"
                    onClick={() => {
                      onRestore(version.data!);
                      onClose();
                    }}
                  >
                    Restore version {number}
                  </Button>
                </>
              )}
            </div>
            {!isSame && (
              <Suspense fallback={<SkeletonRows />}>
                <DiffView before={before} after={document} definitions={definitions} />
              </Suspense>
            )}
          </>
        ) : (
          !error && <SkeletonRows />
        )}
      </div>
    </div>
  );
}

export interface ConflictDialogProps {
  theirs: WorkflowVersion | null;
  document: WorkflowDocument;
  definitions: readonly NodeDefinition[];
  onClose: () => void;
  onOverwrite: (theirs: WorkflowVersion) => void;
  onTake: (theirs: WorkflowVersion) => void;
}

/** Somebody has saved the same workflow meanwhile: what differs, and what may be done. Closing it changes nothing. */
export function ConflictDialog(props: ConflictDialogProps): ReactElement {
  const { theirs, document, definitions, onClose, onOverwrite, onTake } = props;
  const before = useMemo(() => theirs && toDocument(theirs), [theirs]);
  return (
    <Dialog
      title="Somebody has saved this workflow meanwhile"
      size="large"
      isOpen={theirs !== null}
      onClose={onClose}
      actions={
        theirs && (
          <>
            <Button onClick={onClose}>Go on editing</Button>
            <Button onClick={() => onTake(theirs)}>Take theirs</Button>
            <Button variant="primary" icon="save" onClick={() => onOverwrite(theirs)}>
              Save mine over it
            </Button>
          </>
        )
      }
    >
      {before && theirs && (
        <>
          <p className="weft-conflict">
            Version {theirs.number} was saved <RelativeTime at={theirs.createdAt} />. Nothing of yours is
            lost: it is in this editor, and kept in this browser. Theirs is left, yours is right.
          </p>
          <Suspense fallback={<SkeletonRows />}>
            <DiffView before={before} after={document} definitions={definitions} />
          </Suspense>
        </>
      )}
    </Dialog>
  );
}
