/**
 * Preloaded into the server by `npm start`. npm passes SIGTERM and SIGINT on; but when npm itself is killed with -9, no
 * signal reaches the server, and the server would keep the port. So the server checks twice a second that its parent
 * process is still the first one, and otherwise stops as on SIGTERM.
 */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 500).unref();
