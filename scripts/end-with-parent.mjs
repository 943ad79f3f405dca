/**
 * Preloaded into the server by `npm start`. npm passes SIGTERM and SIGINT on, but when npm itself is killed
 * with -9 nothing tells the server, which would go on holding the port. So the server looks whether it still
 * has the parent it was born with, and if not, stops as on SIGTERM.
 */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 500).unref();
