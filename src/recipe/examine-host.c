/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "recipe/examine-priv.h"

/* What on this computer can refuse to touch the target: rights, a mount, a guard. */

enum { LOG_TAIL_BYTES = 256 << 10 }; /* of each log: what happened lately */

static int tell_rights(struct exam *x, struct wtg_err *err)
{
    return exam_judge(x, geteuid() == 0, "host.root", "no", "this computer", err,
                      "wtg runs as root", "wtg does not run as root");
}

static int tell_mount(struct exam *x, struct wtg_err *err)
{
    struct statvfs f;
    struct stat st;

    if (stat(x->o->target, &st) < 0 || !S_ISDIR(st.st_mode) || statvfs(x->o->target, &f) < 0)
        return 0;
    return exam_judge(x, !(f.f_flag & ST_RDONLY), "host.mount", "read-only", x->name, err,
                      "the target is mounted for writing", "the target is mounted read-only");
}

/* A line in which AppArmor or SELinux refused something that has to do with us. */
static bool is_denial(const char *line, const char *target)
{
    const char *base = strrchr(target, '/');

    if (!strstr(line, "apparmor=\"DENIED\"") && !strstr(line, "avc:  denied"))
        return false;
    base = base && base[1] ? base + 1 : target;
    return strstr(line, base) || strstr(line, "comm=\"wtg\"");
}

/* The end of a log, with a NUL behind it; what cannot be read is empty. */
static size_t read_tail(const char *path, char *buf, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    ssize_t n = 0;

    if (size > 0) {
        off_t from = size > (off_t)cap - 1 ? size - (off_t)cap + 1 : 0;
        n = pread(fd, buf, cap - 1, from);
    }
    if (fd >= 0)
        close(fd);
    buf[n > 0 ? n : 0] = 0;
    return n > 0 ? (size_t)n : 0;
}

static int tell_guard(struct exam *x, struct wtg_err *err)
{
    static const char *const logs[] = { "/var/log/audit/audit.log", "/var/log/kern.log",
                                        "/var/log/syslog" };
    const char *root = x->o->host && x->o->host->root ? x->o->host->root : "";
    AUTO_FREE char *buf = malloc(LOG_TAIL_BYTES);
    bool any = false;
    char path[512];

    if (!buf)
        return wtg_fail_nomem(err);
    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        snprintf(path, sizeof path, "%s%s", root, logs[i]);
        any |= read_tail(path, buf, LOG_TAIL_BYTES) > 0;
        char *rest = buf;
        for (char *line; (line = strsep(&rest, "\n"));)
            if (is_denial(line, x->o->target))
                return exam_fact(x, "host.guard", "denied", logs[i], err,
                                 "AppArmor or SELinux refused an access: %.400s", line);
    }
    return any ? exam_fact(x, "host.guard", "fine", "this computer", err,
                           "no refusal by AppArmor or SELinux in the logs of this computer")
               : 0;
}

/* Without the name of a target nothing of this computer has to do with it. */
int exam_host(struct exam *x, struct wtg_err *err)
{
    if (!x->o->target)
        return 0;
    int r = tell_rights(x, err);
    if (r == 0)
        r = tell_mount(x, err);
    return r < 0 ? r : tell_guard(x, err);
}
