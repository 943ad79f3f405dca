/** How many files, sockets and pipes this process may have open at once (RLIMIT_NOFILE); Infinity where nothing bounds them. */
export function openFilesLimit(): number {
  Object.assign(process.report, { excludeNetwork: true }); // otherwise the report resolves the address of every socket by DNS
  const report = process.report.getReport() as {
    userLimits?: { open_files?: { soft: number | 'unlimited' } };
  };
  const limit = report.userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY;
}
