import { isId, newIdPrefix } from '../../shared/ids.ts';
import type { CellFrame } from '../frames.ts';
import { runLimits } from './limits.ts';

/** The files that one run saves. */
export class SavedArtifacts {
  /** The run chooses the rest of each id, so that the ids of other files are out of its reach. */
  readonly idPrefix = newIdPrefix('art');
  private readonly ids = new Set<string>();
  private bytes = 0;

  get count(): number {
    return this.ids.size;
  }

  /** What is wrong with one more; Python checks the limits first, with a clearer error. */
  add({ id, data }: Extract<CellFrame, { kind: 'artifact' }>): string | null {
    if (!id.startsWith(this.idPrefix) || !isId('art', id) || this.ids.has(id))
      return 'it saved a file under an id that is not its own';
    this.ids.add(id);
    this.bytes += Buffer.byteLength(data, 'base64');
    const { count, totalBytes } = runLimits.artifacts;
    return this.count > count || this.bytes > totalBytes ? 'it sent more artifacts than a run may' : null;
  }
}
