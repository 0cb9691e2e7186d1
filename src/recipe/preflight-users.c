/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/preflight-priv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Who uses the target: mounts, holders, and programs by name and number. */

enum { HOLDERS_BYTES = 400, MAX_PROCESSES = 100000 };

static bool is_number(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == 0;
}

static void add(char *list, size_t cap, const char *pid, const char *name)
{
    size_t n = strlen(list);
    char one[96];

    snprintf(one, sizeof one, "%s%.40s (pid %.12s)", n ? ", " : "", name, pid);
    if (!strstr(list, one + (n ? 2 : 0)) && n + strlen(one) < cap)
        memcpy(list + n, one, strlen(one) + 1);
}

/* Does this open file or folder lie on what is used? */
static bool is_used(const struct preflight *p, const char *path)
{
    char device[80];

    for (size_t i = 0; i < p->nuses; i++) {
        const struct disk_use *u = &p->use[i];
        size_t n = strlen(u->where);
        if (u->kind == DISK_USE_MOUNT && n > 1 && strncmp(path, u->where, n) == 0 &&
            (path[n] == 0 || path[n] == '/'))
            return true;
        snprintf(device, sizeof device, "/dev/%s", u->device);
        if (strcmp(path, device) == 0)
            return true;
    }
    return p->known && strcmp(path, p->id.path) == 0;
}

static bool process_uses(const struct preflight *p, const char *pid, struct wtg_err *err)
{
    struct host_names fds = { 0 };
    char at[HOST_PATH_BYTES], to[HOST_PATH_BYTES];
    bool found = false;

    if (host_list(p->on.host, &fds, err, "/proc/%s/fd", pid) < 0)
        return false;
    for (size_t i = 0; i <= fds.n && !found; i++) {
        if (i < fds.n)
            host_path(p->on.host, at, "/proc/%s/fd/%s", pid, fds.name[i]);
        else
            host_path(p->on.host, at, "/proc/%s/cwd", pid);
        ssize_t n = readlink(at, to, sizeof to - 1);
        to[n < 0 ? 0 : n] = 0;
        found = n > 0 && is_used(p, to);
    }
    host_names_release(&fds);
    return found;
}

/* Calls for every process; its name is what the kernel calls it. */
static int each_process(struct preflight *p, char *list, size_t cap,
                        bool (*wanted)(const struct preflight *p, const char *pid, const char *name,
                                       struct wtg_err *err),
                        struct wtg_err *err)
{
    struct host_names all = { 0 };
    char name[HOST_NAME_BYTES], own[24];
    int r = host_list(p->on.host, &all, err, "/proc");

    snprintf(own, sizeof own, "%ld", (long)getpid());
    for (size_t i = 0; r == 0 && i < all.n && i < MAX_PROCESSES; i++)
        if (is_number(all.name[i]) && strcmp(all.name[i], own) != 0 &&
            host_line(p->on.host, name, sizeof name, "/proc/%s/comm", all.name[i]) &&
            wanted(p, all.name[i], name, err))
            add(list, cap, all.name[i], name);
    host_names_release(&all);
    return r;
}

static bool holds(const struct preflight *p, const char *pid, const char *name, struct wtg_err *err)
{
    (void)name;
    return process_uses(p, pid, err);
}

int preflight_in_use(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char who[HOLDERS_BYTES] = "", where[2 * HOLDERS_BYTES] = "";
    size_t n = 0;

    if (!p->known)
        return PREFLIGHT_NONE;
    int r = each_process(p, who, sizeof who, holds, err);
    if (r < 0)
        return r;
    row->wanted = N_("nobody");
    if (p->nuses == 0 && !who[0]) {
        row->seen = N_("nobody");
        return 0;
    }
    for (size_t i = 0; i < p->nuses && n < sizeof where; i++)
        n += (size_t)snprintf(where + n, sizeof where - n, "%s'%s': %s", i ? ", " : "",
                              p->use[i].device, p->use[i].where);
    if (who[0] && n < sizeof where)
        snprintf(where + n, sizeof where - n, "%s%s", n ? "; " : "", who);
    row->seen = p->nuses ? N_("it is in use") : N_("a program has it open");
    row->where = recipe_text(&p->words, err, "%s", where);
    row->todo =
        p->nuses ? recipe_text(&p->words, err, "%s", p->use[0].remedy) : N_("end that program");
    if (!row->where || !row->todo)
        return err->code;
    /* A program alone is no refusal: only who claimed the disk keeps us from it. */
    row->verdict = p->nuses ? WTG_PREFLIGHT_STOP : WTG_PREFLIGHT_WARNING;
    row->err = p->nuses ? &p->refusal : NULL;
    return 0;
}

static bool mounts(const struct preflight *p, const char *pid, const char *name,
                   struct wtg_err *err)
{
    /* The kernel cuts names to 15 characters. */
    static const char *const names[] = { "udiskie", "gvfs-udisks2-vo", "usbmount",
                                         "autofs",  "automount",       "pmount",
                                         "devmon",  "udevil",          "usermount" };

    (void)p, (void)pid, (void)err;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

int preflight_automounter(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char who[HOLDERS_BYTES] = "";
    int r = each_process(p, who, sizeof who, mounts, err);

    if (r < 0)
        return r;
    row->seen = who[0] ? N_("running") : N_("none");
    if (!who[0])
        return 0;
    row->verdict = WTG_PREFLIGHT_TOLD;
    row->note = N_("while wtg writes they cannot mount the stick; they may as soon as it is done");
    row->where = recipe_text(&p->words, err, "%s", who);
    return row->where ? 0 : err->code;
}
