/*
 * The least that a cell can cost the kernel: a C child with the same namespaces, mounts, id maps and filter, which touches
 * some of its parent's memory and exits. Prints wall, user and system seconds, and page faults.
 *
 *   bare_cell CELLS AT_ONCE PARENT_MIB TOUCHED_KIB NAMESPACES MOUNTS MAPS_IDS FILTER
 *
 * NAMESPACES is the flags of clone in hex, MOUNTS how many tmpfs, FILTER a file with the instructions, or `-`.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *places[] = {"/tmp", "/dev/shm", "/mnt", "/media", "/srv"};
static struct sock_fprog filter;
static char *memory;
static long touched, mounts, maps_ids;

static void check(const char *what, long returned) {
    if (returned >= 0) return;
    perror(what);
    _exit(1);
}

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    check(path, fd);
    check(path, write(fd, text, strlen(text)));
    close(fd);
}

static void live(unsigned uid, unsigned gid) {
    char map[32];
    if (maps_ids) {
        put("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "%u %u 1", uid, uid);
        put("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "%u %u 1", gid, gid);
        put("/proc/self/gid_map", map);
    }
    for (long n = 0; n < mounts; n++)
        check(places[n], mount("bench", places[n], "tmpfs", MS_NOSUID | MS_NODEV, "size=4k"));
    check("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    if (filter.len) {
        long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
        check("seccomp", listener);
        close((int)listener);
    }
    for (long at = 0; at < touched; at += 4096) memory[at]++;
    _exit(0);
}

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

int main(int argc, char **argv) {
    if (argc != 9) return 2;
    long cells = atol(argv[1]), at_once = atol(argv[2]), size = atol(argv[3]) << 20;
    unsigned long namespaces = strtoul(argv[5], NULL, 16);
    if (strcmp(argv[8], "-")) {
        FILE *file = fopen(argv[8], "rb");
        filter.filter = malloc(1 << 16);
        filter.len = fread(filter.filter, sizeof *filter.filter, 8192, file);
        fclose(file);
    }
    if (getuid() == 0) { /* As a fork-server does. */
        check("setgroups", setgroups(0, NULL));
        check("setresgid", setresgid(65532, 65532, 65532));
        check("setresuid", setresuid(65532, 65532, 65532));
        check("dumpable", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    }
    unsigned uid = getuid(), gid = getgid();
    touched = atol(argv[4]) << 10;
    mounts = atol(argv[6]);
    maps_ids = atol(argv[7]);
    memory = malloc(size);
    memset(memory, 1, size);
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    long running = 0, failed = 0;
    for (long n = 0; n < cells || running; ) {
        if (n < cells && running < at_once) {
            long pid = syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
            check("clone", pid);
            if (pid == 0) live(uid, gid);
            n++, running++;
            continue;
        }
        int status;
        check("wait", wait(&status));
        failed += status != 0;
        running--;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    printf("%f %f %f %ld %ld\n", to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9,
           seconds(own.ru_utime) + seconds(children.ru_utime), seconds(own.ru_stime) + seconds(children.ru_stime),
           children.ru_minflt, failed);
    return failed ? 1 : 0;
}
