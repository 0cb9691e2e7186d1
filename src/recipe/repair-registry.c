/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hive/hive.h"
#include "windows/windows.h"

/* Whole hives: one that was not closed is closed, a damaged one gives way to an older copy. */

#define CONFIG "\\Windows\\System32\\config\\"
enum { LOG_MAX_BYTES = 64 << 20 }; /* Windows' own are of at most 1 MB for most hives */

static const char *const hives[] = { "SYSTEM", "SOFTWARE" };
static const char *const log_suffix[] = { ".LOG1", ".LOG2" };

enum state {
    SOUND,
    OPEN,   /* not closed, and its logs hold nothing new */
    LOGGED, /* its logs hold changes it has not got */
    BROKEN,
};

/* 0 with `*ret` NULL: there is none, or it cannot be read. */
static int slurp(const struct tree *t, const char *path, size_t limit, uint8_t **ret, size_t *ret_n,
                 struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    int r = t && tree_find(t, path) ? tree_read_file(t, path, limit, ret, ret_n, &why) : 0;

    if (repair_soft(r) < 0)
        *err = why;
    return repair_soft(r);
}

static int logs_hold_more(const struct tree *windows, struct wtg_span hive, const char *name,
                          bool *ret, struct wtg_err *err)
{
    int r = 0;

    *ret = false;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(log_suffix); i++) {
        char path[64];
        AUTO_FREE uint8_t *log = NULL;
        size_t n = 0;
        struct wtg_err ignored = { 0 };
        snprintf(path, sizeof path, CONFIG "%s%s", name, log_suffix[i]);
        r = slurp(windows, path, LOG_MAX_BYTES, &log, &n, err);
        *ret |= log && hive_check_log(hive, (struct wtg_span){ log, n }, name, path, &ignored) ==
                           WTG_E_HIVE_DIRTY;
    }
    return r;
}

/* `*ret_bytes`: what stands on the volume, or NULL. */
static int look_at(const struct tree *windows, const char *name, enum state *ret,
                   uint8_t **ret_bytes, size_t *ret_n, struct wtg_err *err)
{
    char path[64];
    bool more = false;
    struct wtg_err why = { 0 };

    snprintf(path, sizeof path, CONFIG "%s", name);
    int r = slurp(windows, path, HIVE_MAX_BYTES, ret_bytes, ret_n, err);
    if (r < 0)
        return r;
    const struct wtg_span bytes = { *ret_bytes, *ret_n };
    int sound = *ret_bytes ? hive_check(bytes, name, &why) : WTG_E_HIVE_DAMAGED;
    if (repair_soft(sound) < 0) {
        *err = why;
        return sound;
    }
    if (sound == 0 || sound == WTG_E_HIVE_DIRTY)
        r = logs_hold_more(windows, bytes, name, &more, err);
    *ret = more ? LOGGED : sound == 0 ? SOUND : sound == WTG_E_HIVE_DIRTY ? OPEN : BROKEN;
    return r;
}

/* ---- What comes in its place ------------------------------------------------------------ */

struct substitute {
    const char *name;
    const char *from; /* for people */
    uint8_t *bytes;   /* NULL: nothing was found */
    size_t n;
    bool forget_logs; /* they belong to what it replaces */
};

/* Takes over `bytes`, or frees them. */
static int take_if_sound(struct substitute *s, uint8_t *bytes, size_t n, const char *from,
                         struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    int r =
        bytes && n ? hive_check((struct wtg_span){ bytes, n }, s->name, &why) : WTG_E_HIVE_DAMAGED;

    if (r < 0) {
        free(bytes);
        if (repair_soft(r) < 0)
            *err = why;
        return repair_soft(r);
    }
    s->bytes = bytes;
    s->n = n;
    s->from = from;
    return 0;
}

/* The hive of the image with the changes that `wtg create` makes. */
static int take_from_image(struct repair_case *c, struct substitute *s, struct wtg_err *err)
{
    char path[64];
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct tree_edits edits = { 0 };
    struct windows_changes changes = { 0 };
    const struct windows_opts o = { .architecture = "amd64" };
    const struct tree_blob *blob = NULL;
    struct wtg_err why = { 0 };

    snprintf(path, sizeof path, CONFIG "%s", s->name);
    const struct tree_link *l = c->image_tree ? tree_find(c->image_tree, path) : NULL;
    if (!l)
        return 0;
    blob = tree_data(l->node);
    int r = windows_edits(c->image_tree, &o, &edits, &changes, &why);
    for (size_t i = 0; r == 0 && i < edits.n; i++)
        if (edits.edit[i].op == TREE_EDIT_REPLACE && strcasecmp(edits.edit[i].path, path) == 0)
            blob = edits.edit[i].content;
    if (r == 0 && blob)
        r = tree_blob_slurp(blob, HIVE_MAX_BYTES, &bytes, &n, &why);
    tree_edits_release(&edits);
    windows_changes_release(&changes);
    if (r == 0)
        return take_if_sound(s, bytes, n, "the image", err);
    if (repair_soft(r) < 0)
        *err = why;
    return repair_soft(r);
}

static int find_older(struct repair_case *c, const struct tree *windows, struct substitute *s,
                      struct wtg_err *err)
{
    char path[64];
    uint8_t *bytes = NULL;
    size_t n = 0;

    s->forget_logs = true;
    snprintf(path, sizeof path, CONFIG "RegBack\\%s", s->name);
    int r = slurp(windows, path, HIVE_MAX_BYTES, &bytes, &n, err);
    if (r == 0)
        r = take_if_sound(s, bytes, n, "Windows' own copy in RegBack", err);
    return r < 0 || s->bytes ? r : take_from_image(c, s, err);
}

/* `ret->bytes` NULL: it is sound, or there is nothing to put in its place. */
static int find_substitute(struct repair_case *c, const struct tree *windows, const char *name,
                           enum state *ret_state, struct substitute *ret, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct substitute s = { .name = name };
    struct wtg_err ignored = { 0 };
    int r = look_at(windows, name, ret_state, &bytes, &n, err);

    if (r == 0 && *ret_state == OPEN) {
        if (hive_mark_closed(bytes, n, name, &ignored) == 0)
            r = take_if_sound(&s, TAKE_PTR(bytes), n, "itself", err);
        else
            *ret_state = BROKEN;
    }
    if (r == 0 && *ret_state == BROKEN)
        r = find_older(c, windows, &s, err);
    if (r == 0)
        *ret = s;
    return r;
}

static enum repair_need say(struct repair_case *c, enum state state, const struct substitute *s)
{
    if (state == OPEN)
        return repair_says(c, REPAIR_NEEDED, "registry_hive_dirty",
                           "registry hive %s was not closed; no log has its last changes, which "
                           "may be lost",
                           s->name);
    if (state == LOGGED)
        return repair_says(c, REPAIR_CANNOT, "registry_hive_dirty",
                           "the log of registry hive %s holds changes it has not got: start that "
                           "Windows once and shut it down, it takes them over",
                           s->name);
    if (!s->bytes)
        return repair_says(c, REPAIR_CANNOT, "registry_hive_damaged",
                           "registry hive %s is damaged and there is no sound copy of it%s",
                           s->name,
                           c->image_tree ? "" : "; --image names an image to take it from");
    return repair_says(c, REPAIR_NEEDED, "registry_hive_damaged",
                       "registry hive %s is damaged; in its place comes %s, so settings and "
                       "programs that came later are lost",
                       s->name, s->from);
}

int repair_check_hive(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    struct tree *windows = NULL;
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);

    *ret = REPAIR_FINE;
    for (size_t i = 0; r == 0 && windows && *ret == REPAIR_FINE && i < ARRAY_LEN(hives); i++) {
        struct substitute s = { 0 };
        enum state state = SOUND;
        r = find_substitute(c, windows, hives[i], &state, &s, err);
        if (r == 0 && state != SOUND)
            *ret = say(c, state, &s);
        free(s.bytes);
    }
    return r;
}

/* ---- Writing ---------------------------------------------------------------------------- */

struct replacing {
    struct repair_case *c;
    const struct tree *windows;
    struct substitute *s;
};

static int put_substitute(struct ntfs3g *v, void *ctx, struct wtg_err *err)
{
    const struct replacing *x = ctx;
    char path[64];
    int r = 0;

    snprintf(path, sizeof path, CONFIG "%s", x->s->name);
    const struct tree_link *l = x->c->image_tree ? tree_find(x->c->image_tree, path) : NULL;
    if (!tree_find(x->windows, path) && l)
        r = ntfs3g_restore(v, l, err);
    if (r == 0)
        r = ntfs3g_write(v, path, x->s->bytes, x->s->n, err);
    for (size_t i = 0; r == 0 && x->s->forget_logs && i < ARRAY_LEN(log_suffix); i++) {
        snprintf(path, sizeof path, CONFIG "%s%s", x->s->name, log_suffix[i]);
        if (tree_find(x->windows, path))
            r = ntfs3g_write(v, path, "", 0, err);
    }
    return r;
}

int repair_run_hive(struct repair_case *c, struct wtg_err *err)
{
    struct tree *windows = NULL;
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);

    for (size_t i = 0; r == 0 && windows && i < ARRAY_LEN(hives); i++) {
        struct substitute s = { 0 };
        enum state state = SOUND;
        struct replacing x = { c, windows, &s };
        r = find_substitute(c, windows, hives[i], &state, &s, err);
        if (r == 0 && s.bytes)
            r = repair_volume_change(c, false, put_substitute, &x, err);
        free(s.bytes);
    }
    return r;
}
