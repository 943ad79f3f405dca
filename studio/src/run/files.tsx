import { useQuery } from '@tanstack/react-query';
import { useWeft } from '@weft/client/react';
import { type ReactElement, useEffect, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { withCode } from '../ui/code-text.tsx';
import { formatBytes } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { useToast } from '../ui/toast.tsx';
import type { ArtifactRecord } from './model/records.ts';
import { saveFile } from './save-file.ts';

/** The files that nodes handed out: pictures are shown, all can be downloaded. */
export function Files({
  artifacts,
  nameOf,
}: {
  artifacts: readonly ArtifactRecord[];
  nameOf: (nodeKey: string) => string;
}): ReactElement {
  if (artifacts.length === 0) return <p className="weft-run__none">No files.</p>;
  return (
    <ul className="weft-files">
      {artifacts.slice(0, maxShown).map((artifact) => (
        <File key={artifact.id} artifact={artifact} nodeName={nameOf(artifact.nodeKey)} />
      ))}
      {artifacts.length > maxShown && (
        <li className="weft-muted">
          The first {maxShown} of {artifacts.length} files are shown.
        </li>
      )}
    </ul>
  );
}

const maxShown = 200;
/** Of types that a browser draws without running anything in them; SVG may hold script. */
const pictures = /^image\/(png|jpeg|gif|webp|avif)$/;
const maxPictureBytes = 20_000_000;

function File({ artifact, nodeName }: { artifact: ArtifactRecord; nodeName: string }): ReactElement {
  const client = useWeft();
  const toast = useToast();
  const [isBusy, setIsBusy] = useState(false);
  const { name, mimeType, sizeBytes } = artifact;
  const download = () => {
    setIsBusy(true);
    client.artifacts
      .download(artifact)
      .then(
        (content) => saveFile(content, name),
        (error: Error) => toast({ tone: 'failure', text: error.message }),
      )
      .finally(() => setIsBusy(false));
  };
  return (
    <li className="weft-file">
      {pictures.test(mimeType) && sizeBytes <= maxPictureBytes && <Picture artifact={artifact} />}
      <div className="weft-file__line">
        <Icon name="box" />
        <span className="weft-file__name">{name}</span>
        <span className="weft-muted">
          {formatBytes(sizeBytes)} · {nodeName}
        </span>
        <Button
          size="small"
          icon="download"
          isBusy={isBusy}
          aria-label={`Download ${name}`}
          onClick={download}
        >
          Download
        </Button>
      </div>
    </li>
  );
}

/** Read through the client, which has the token that a mere address would lack. */
function Picture({ artifact }: { artifact: ArtifactRecord }): ReactElement | null {
  const client = useWeft();
  const content = useQuery({
    queryKey: ['artifact', artifact.id],
    queryFn: ({ signal }) => client.artifacts.download(artifact, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (content.data === undefined) return;
    const made = URL.createObjectURL(content.data);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [content.data]);
  if (content.error) return <p className="weft-muted">{withCode(content.error.message)}</p>;
  return url === null ? null : <img className="weft-file__picture" src={url} alt={artifact.name} />;
}
