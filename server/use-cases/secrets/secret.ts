/** A secret as people see it: its value is in no answer. */
export interface Secret {
  name: string;
  createdAt: Date;
  /** The principal that set it first. */
  createdBy: string;
  updatedAt: Date;
  /** The principal that set it last. */
  updatedBy: string;
  /** To the minute. */
  lastUsedAt: Date | null;
}

export const SECRET_FIELDS = `
  name, created_at AS "createdAt", created_by AS "createdBy", updated_at AS "updatedAt", updated_by AS "updatedBy",
  last_used_at AS "lastUsedAt"`;

/** Where it is sealed: a row that is moved to another name or project opens no more. */
export function placeOfSecret(project: string, name: string): string {
  return `secrets/${project}/${name}`;
}
