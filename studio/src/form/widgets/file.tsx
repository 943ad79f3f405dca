import type { ReactElement } from 'react';
import { FileLinks } from '../../files/file-links.tsx';
import { type FileValue, isFileValue } from '../../files/file-value.ts';
import { PickFile } from '../../files/pick-file.tsx';
import { IconButton } from '../../ui/button.tsx';
import '../../files/files.css';
import type { FormWidgetProps } from './widget.ts';

/** A file of the server: chosen here and uploaded at once. */
export function FileWidget(props: FormWidgetProps<FileValue>): ReactElement {
  const { id, labelId, label, onChange, describedBy, isReadOnly } = props;
  const value = isFileValue(props.value) ? props.value : undefined;
  return (
    <div className="weft-file-field">
      {value && <FileLinks value={value} />}
      {value && !isReadOnly && (
        <IconButton icon="close" label={`Remove ${label}`} size="small" onClick={() => onChange(undefined)} />
      )}
      <PickFile
        id={id}
        labelledBy={labelId}
        describedBy={describedBy}
        isDisabled={isReadOnly}
        onPicked={onChange}
      >
        {value ? 'Choose another file' : 'Choose a file'}
      </PickFile>
    </div>
  );
}
