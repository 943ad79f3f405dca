import { normalizeName, type ParsedRequirement, parseRequirement, type Requirement } from './requirement.ts';
import { suggestionFor } from './suggestion.ts';

/** What the operator lets workflows install. All names are normalised. */
export interface PackageRules {
  /** Null: all. */
  allowed: readonly string[] | null;
  /** Holds for whatever is installed, asked for or pulled in. */
  blocked: readonly string[];
  /** Whether the allow-list holds for what was asked for alone, or for all that it pulls in too. */
  allowedCover: 'asked' | 'all';
}

/** How findings are called where they are a user's errors. */
export const packageErrorCodes = {
  'invalid-requirement': 'INVALID_REQUIREMENT',
  'package-not-allowed': 'PACKAGE_NOT_ALLOWED',
} as const satisfies Record<PackageFinding['rule'], string>;

export const allPackages: PackageRules = { allowed: null, blocked: [], allowedCover: 'asked' };

/** What is wrong with one of the packages that were asked for. */
export interface PackageFinding {
  rule: 'invalid-requirement' | 'package-not-allowed';
  message: string;
  /** Its place in the list. */
  index: number;
}

/** All that can be said of a list without an installer: quick, and without Python. */
export function checkPackages(packages: readonly string[], rules: PackageRules): PackageFinding[] {
  if (packages.length > MAX_PACKAGES) {
    const message = `Expected at most ${MAX_PACKAGES} packages, got ${packages.length}. Ask for those the code imports; what they need comes with them.`;
    return [{ rule: 'invalid-requirement', message, index: MAX_PACKAGES }];
  }
  return packages.flatMap((text, index): PackageFinding[] => {
    const parsed = parseRequirement(text);
    const finding = findingOf(parsed, rules);
    return finding === null ? [] : [{ ...finding, index }];
  });
}

/** What `packages` come to in one spelling and order. To be called only with packages that passed the check. */
export function toRequirements(packages: readonly string[]): Requirement[] {
  const byText = new Map<string, Requirement>();
  for (const text of packages) {
    const parsed = parseRequirement(text);
    if (!parsed.ok) throw new Error(`Expected checked packages, got ${text}`);
    byText.set(parsed.requirement.text, parsed.requirement);
  }
  return [...byText.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** Of all that a resolved set holds, what the rules forbid. */
export function checkResolved(
  names: readonly string[],
  asked: readonly Requirement[],
  rules: PackageRules,
): PackageFinding[] {
  const wanted = new Set(asked.map(({ name }) => name));
  return names.map(normalizeName).flatMap((name): PackageFinding[] => {
    if (wanted.has(name)) return [];
    const reason = forbidden(name, rules.allowedCover === 'all' ? rules : { ...rules, allowed: null });
    if (reason === null) return [];
    const message = `${asked.map(({ text }) => text).join(', ')} needs ${name}, and ${reason}`;
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
