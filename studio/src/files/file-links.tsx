import { useWeft } from '@weft/client/react';
import { type ReactElement, useMemo, useState } from 'react';
import { saveFile } from '../run/save-file.ts';
import { Button } from '../ui/button.tsx';
import { formatBytes } from '../ui/format.ts';
import { useToast } from '../ui/toast.tsx';
import { type FileValue, fileValuesIn } from './file-value.ts';
import './files.css';

const maxShown = 20;

/** What a value refers to as files, each to be downloaded; nothing where there is none. */
export function FileLinks({ value }: { value: unknown }): ReactElement | null {
  const files = useMemo(() => fileValuesIn(value, maxShown), [value]);
  if (files.length === 0) return null;
  return (
    <ul className="weft-file-links" aria-label="Files">
      {files.map((file) => (
        <li key={file.$file}>
          <FileLink file={file} />
        </li>
      ))}
    </ul>
  );
}

function FileLink({ file }: { file: FileValue }): ReactElement {
  const client = useWeft();
  const toast = useToast();
  const [isBusy, setIsBusy] = useState(false);
  const name = typeof file.name === 'string' ? file.name : file.$file;
  const download = () => {
    setIsBusy(true);
    client.files
      .download(file)
      .then(
        (content) => saveFile(content, name),
        (error: Error) => toast({ tone: 'failure', text: error.message }),
      )
      .finally(() => setIsBusy(false));
  };
  return (
    <Button size="small" variant="ghost" icon="download" isBusy={isBusy} onClick={download}>
      {name}
      {typeof file.sizeBytes === 'number' && (
        <span className="weft-muted">{formatBytes(file.sizeBytes)}</span>
      )}
    </Button>
  );
}
