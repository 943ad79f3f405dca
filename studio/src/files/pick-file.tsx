import { useWeft } from '@weft/client/react';
import { type ReactElement, useRef, useState } from 'react';
import { Button } from '../ui/button.tsx';
import type { FileValue } from './file-value.ts';

export interface PickFileProps {
  children: string;
  id?: string;
  /** Of elements that say more about it. */
  describedBy?: string | undefined;
  labelledBy?: string | undefined;
  isDisabled?: boolean;
  onPicked: (file: FileValue) => void;
}

/** A button by which a person chooses a file, which is uploaded at once. */
export function PickFile(props: PickFileProps): ReactElement {
  const { children, id, describedBy, labelledBy, isDisabled, onPicked } = props;
  const client = useWeft();
  const input = useRef<HTMLInputElement>(null);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const upload = (file: File) => {
    setIsBusy(true);
    setProblem(null);
    client.files
      .upload(file)
      .then(
        ({ id, name, mimeType, sizeBytes }) => onPicked({ $file: id, name, mimeType, sizeBytes }),
        (error: Error) => setProblem(error.message),
      )
      .finally(() => setIsBusy(false));
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={children}
        onChange={({ target }) => {
          if (target.files?.[0]) upload(target.files[0]);
          target.value = ''; // so that the same file can be chosen again
        }}
      />
      <Button
        id={id}
        size="small"
        icon="upload"
        isBusy={isBusy}
        disabled={isDisabled}
        aria-describedby={describedBy}
        aria-labelledby={labelledBy && id && `${labelledBy} ${id}`}
        onClick={() => input.current?.click()}
      >
        {children}
      </Button>
      {problem && (
        <p className="weft-field__error" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
