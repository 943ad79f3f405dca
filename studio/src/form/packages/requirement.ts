/** Whether a requirement, such as `Pandas[excel]>=2`, is of this package. */
export function isRequirementOf(requirement: string, name: string): boolean {
  return normalizeName(/^[\w.-]+/.exec(requirement.trim())?.[0] ?? '') === normalizeName(name);
}

/** By PEP 503. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
