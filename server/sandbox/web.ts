import { parseRequirement } from '../packages/requirement.ts';

const SENDING_PACKAGES = ['requests', 'httpx', 'urllib3', 'httpcore'];

/** Whether code may import what sends requests (`webModules` in python/policy.json): its node asks for hosts or such a package. */
export function usesWeb({
  packages,
  hosts = [],
}: {
  packages: readonly string[];
  hosts?: readonly string[] | undefined;
}): boolean {
  return hosts.length > 0 || packages.some((text) => SENDING_PACKAGES.includes(nameOf(text)));
}

function nameOf(text: string): string {
  const parsed = parseRequirement(text);
  return parsed.ok ? parsed.requirement.name : '';
}
