import { type Project } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { useProjectChange, useProjects } from '../data/access.ts';
import { messageOf } from '../data/executions.ts';
import { errorsOf, faultBeside } from '../data/field-errors.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { TextField } from '../ui/text-field.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { useToast } from '../ui/toast.tsx';

/** What teams or customers have of this server, each apart from the others. */
export function Projects(): ReactElement {
  const { data: rows, error } = useProjects();
  const [edited, setEdited] = useState<Project | null>(null);
  const [ending, setEnding] = useState<Project | null>(null);
  if (error && rows === undefined)
    return (
      <Callout tone="failure" title="Could not read the projects">
        {error.message}
      </Callout>
    );
  return (
    <>
      {rows === undefined ? (
        <SkeletonRows />
      ) : (
        <Table
          label="Projects"
          columns={columnsOf(setEdited, setEnding)}
          rows={rows}
          rowKey={({ key }) => key}
        />
      )}
      {edited && <ProjectDialog project={edited} onClose={() => setEdited(null)} />}
      {ending && <Delete project={ending} onClose={() => setEnding(null)} />}
    </>
  );
}

/** A dialog that is open, for a new project or the name of one. */
export function ProjectDialog({
  project,
  onClose,
}: {
  project: Project | null;
  onClose: () => void;
}): ReactElement {
  const [key, setKey] = useState(project?.key ?? '');
  const [name, setName] = useState(project?.name ?? '');
  const save = useProjectChange(({ projects }) =>
    project === null
      ? projects.create({ key: key.trim(), name: name.trim() || null })
      : projects.update(project.key, { name: name.trim() }),
  );
  const errorAt = (field: string) => errorsOf(save.error, field);
  return (
    <FormDialog
      title={project === null ? 'New project' : `Rename ${project.name}`}
      onClose={onClose}
      size="small"
      action={project === null ? 'Create' : 'Rename'}
      onSubmit={() => save.mutate(undefined, { onSuccess: onClose })}
      isBusy={save.isPending}
      fault={faultBeside(save.error, ['key', 'name'])}
    >
      {project === null && (
        <TextField
          label="Key"
          description="What requests name it by. It never changes."
          isRequired
          error={errorAt('key')}
          isCode
          value={key}
          maxLength={64}
          placeholder="acme"
          onChange={setKey}
        />
      )}
      <TextField
        label="Name"
        isRequired={project !== null}
        error={errorAt('name')}
        value={name}
        maxLength={100}
        placeholder="Acme Corp."
        onChange={setName}
      />
    </FormDialog>
  );
}

function Delete({ project, onClose }: { project: Project; onClose: () => void }): ReactElement {
  const toast = useToast();
  const remove = useProjectChange(({ projects }) => projects.delete(project.key));
  return (
    <ConfirmDialog
      title={`Delete ${project.name}?`}
      action="Delete"
      isBusy={remove.isPending}
      onConfirm={() =>
        remove.mutate(undefined, {
          onSuccess: onClose,
          onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
        })
      }
      onClose={onClose}
    >
      Only a project without workflows, runs and tokens can be deleted.
    </ConfirmDialog>
  );
}

function columnsOf(
  onRename: (project: Project) => void,
  onDelete: (project: Project) => void,
): readonly Column<Project>[] {
  return [
    {
      id: 'name',
      header: 'Project',
      cell: ({ name, key }) => (
        <>
          {name}
          <div className="weft-muted weft-mono">{key}</div>
        </>
      ),
    },
    {
      id: 'created',
      header: 'Made',
      width: '9rem',
      priority: 2,
      cell: ({ createdAt }) => <RelativeTime at={createdAt} />,
    },
    {
      id: 'actions',
      header: <span className="weft-hidden">Actions</span>,
      width: '12rem',
      align: 'end',
      cell: (project) => (
        <>
          <Button size="small" onClick={() => onRename(project)}>
            Rename<span className="weft-hidden"> {project.name}</span>
          </Button>{' '}
          {project.key !== 'default' && (
            <Button size="small" onClick={() => onDelete(project)}>
              Delete<span className="weft-hidden"> {project.name}</span>
            </Button>
          )}
        </>
      ),
    },
  ];
}
