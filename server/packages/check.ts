import { normalizeName, type ParsedRequirement, parseRequirement, type Requirement } from './requirement.ts';
import { suggestionFor } from './suggestion.ts';

/** Which packages workflows may install. All names are normalised. */
export interface PackageRules {
  /** Null: all packages. */
  allowed: readonly string[] | null;
  /** Never installed, neither by request nor as a dependency. */
  blocked: readonly string[];
  /** `asked`: the allow-list limits requested packages. `all`: it limits their dependencies too. */
  allowedCover: 'asked' | 'all';
}

/** The codes of findings in `userErrors`. */
export const packageErrorCodes = {
  'invalid-requirement': 'INVALID_REQUIREMENT',
  'package-not-allowed': 'PACKAGE_NOT_ALLOWED',
} as const satisfies Record<PackageFinding['rule'], string>;

export const allPackages: PackageRules = { allowed: null, blocked: [], allowedCover: 'asked' };

/** The problem with one of the requested packages. */
export interface PackageFinding {
  rule: 'invalid-requirement' | 'package-not-allowed';
  message: string;
  /** The position of the package in the list. */
  index: number;
}

/** Checks all that can be checked without an installer; takes microseconds and starts no process. */
export function checkPackages(packages: readonly string[], rules: PackageRules): PackageFinding[] {
  if (packages.length > MAX_PACKAGES) {
    const message = `Expected at most ${MAX_PACKAGES} packages, got ${packages.length}. Request the packages that the code imports; their dependencies are installed with them.`;
    return [{ rule: 'invalid-requirement', message, index: MAX_PACKAGES }];
  }
  return packages.flatMap((text, index): PackageFinding[] => {
    const parsed = parseRequirement(text);
    const finding = findingOf(parsed, rules);
    return finding === null ? [] : [{ ...finding, index }];
  });
}

/** What a project allows, of what the operator allows. */
export interface ProjectPackages {
  project: string;
  allowed: readonly string[];
}

/** Those of the packages that the project does not allow; what is no requirement is found by checkPackages. */
export function checkProjectPackages(
  packages: readonly string[],
  { project, allowed }: ProjectPackages,
): PackageFinding[] {
  return packages.flatMap((text, index): PackageFinding[] => {
    const parsed = parseRequirement(text);
    if (!parsed.ok || allowed.includes(parsed.requirement.name)) return [];
    const message = `\`${parsed.requirement.name}\` is not among the packages that the project ${project} allows.`;
    return [{ rule: 'package-not-allowed', message, index }];
  });
}

/** The requirements in canonical spelling and order. Call it only with packages that passed checkPackages. */
export function toRequirements(packages: readonly string[]): Requirement[] {
  const byText = new Map<string, Requirement>();
  for (const text of packages) {
    const parsed = parseRequirement(text);
    if (!parsed.ok) throw new Error(`Expected checked packages, got ${text}`);
    byText.set(parsed.requirement.text, parsed.requirement);
  }
  return [...byText.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** The packages of a resolved set that the rules forbid. */
export function checkResolved(
  names: readonly string[],
  requested: readonly Requirement[],
  rules: PackageRules,
): PackageFinding[] {
  const requestedNames = new Set(requested.map(({ name }) => name));
  return names.map(normalizeName).flatMap((name): PackageFinding[] => {
    if (requestedNames.has(name)) return [];
    const reason = forbidden(name, rules.allowedCover === 'all' ? rules : { ...rules, allowed: null });
    if (reason === null) return [];
    const message = `${requested.map(({ text }) => text).join(', ')} needs ${name}, and ${reason}`;
    return [{ rule: 'package-not-allowed', message, index: 0 }];
  });
}

export const MAX_PACKAGES = 100;

function findingOf(parsed: ParsedRequirement, rules: PackageRules): Omit<PackageFinding, 'index'> | null {
  if (!parsed.ok) {
    const rule = parsed.problem.kind === 'refused' ? 'package-not-allowed' : 'invalid-requirement';
    return { rule, message: parsed.problem.message };
  }
  const message = forbidden(parsed.requirement.name, rules);
  return message === null ? null : { rule: 'package-not-allowed', message };
}

function forbidden(
  name: string,
  { allowed, blocked }: Pick<PackageRules, 'allowed' | 'blocked'>,
): string | null {
  if (blocked.includes(name)) return `\`${name}\` is blocked on this server (PYTHON_BLOCKED_PACKAGES).`;
  if (allowed === null || allowed.includes(name)) return null;
  const meant = suggestionFor(name, allowed);
  const suggestion = meant === undefined ? '' : ` Did you mean \`${meant}\`?`;
  return `\`${name}\` is not among the packages allowed on this server (PYTHON_ALLOWED_PACKAGES).${suggestion}`;
}
