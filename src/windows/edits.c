/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "windows/windows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/le.h"
#include "hive/hive.h"
#include "windows/unattend.h"

#define CONFIG "\\Windows\\System32\\config\\"

static const char *const hives[] = { "SYSTEM", "SOFTWARE" };
static const char *const logs[] = { ".LOG1", ".LOG2" };

/* Windows keeps a log as small as it can; 64 MiB are far beyond any. */
enum { MAX_LOG_BYTES = 64 << 20 };

/* Work on one hive. */
struct work {
    const char *name; /* "SYSTEM" */
    struct hive *hive;
    char set[2][16]; /* "ControlSet001": what %CCS% stands for */
    size_t nsets;
    struct windows_changes *changes;
};

static void change_release(struct windows_change *c)
{
    free(c->hive);
    free(c->key);
    free(c->name);
    free(c->old_text);
    free(c->new_text);
}

void windows_changes_release(struct windows_changes *c)
{
    for (size_t i = 0; i < c->n; i++)
        change_release(&c->change[i]);
    free(c->change);
    *c = (struct windows_changes){ 0 };
}

static int add_change(struct work *w, const struct windows_setting *s,
                      const struct windows_value *v, const char *key, const char *old_text,
                      struct wtg_err *err)
{
    char new_text[16];
    struct windows_changes *all = w->changes;
    if (mem_grow(&all->change, &all->cap, all->n, sizeof all->change[0], err) < 0)
        return err->code;
    snprintf(new_text, sizeof new_text, "%" PRIu32, v->data);
    struct windows_change c = {
        .setting = s,
        .hive = strdup(w->name),
        .key = strdup(key),
        .name = strdup(v->name),
        .old_text = strdup(old_text),
        .new_text = strdup(new_text),
    };
    if (!c.hive || !c.key || !c.name || !c.old_text || !c.new_text) {
        change_release(&c);
        return wtg_fail_nomem(err);
    }
    all->change[all->n++] = c;
    return 0;
}

/* Sets one value in one key, unless it is set already. */
static int apply_value(struct work *w, const struct windows_setting *s,
                       const struct windows_value *v, const char *path, struct wtg_err *err)
{
    char old_text[32] = "absent";
    hive_key key = HIVE_NO_KEY;
    struct hive_value old = { 0 };
    int r = hive_make(w->hive, hive_root(w->hive), path, &key, err);
    if (r == 0)
        r = hive_get(w->hive, key, v->name, &old, err);
    if (r < 0)
        return r;
    bool dword = old.data && old.type == HIVE_DWORD && old.len == 4;
    bool same = dword && le32_at(old.data) == v->data;
    if (dword)
        snprintf(old_text, sizeof old_text, "%" PRIu32, le32_at(old.data));
    else if (old.data)
        snprintf(old_text, sizeof old_text, "not a number");
    hive_value_release(&old);
    if (same)
        return 0;
    r = hive_set_dword(w->hive, key, v->name, v->data, err);
    return r < 0 ? r : add_change(w, s, v, path, old_text, err);
}

/* The same in every key that the row means. */
static int apply_row(struct work *w, const struct windows_setting *s, const struct windows_value *v,
                     struct wtg_err *err)
{
    static const char mark[] = "%CCS%";
    size_t len = sizeof mark - 1;
    if (strncmp(v->key, mark, len) != 0)
        return apply_value(w, s, v, v->key, err);
    for (size_t i = 0; i < w->nsets; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s%s", w->set[i], v->key + len);
        int r = apply_value(w, s, v, path, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Finds out which control set is Windows' current one and which one it starts with next: the same
 * one nearly always.  `name` is a value of \Select. */
static int add_control_set(struct work *w, hive_key select, const char *name, struct wtg_err *err)
{
    struct hive_value v = { 0 };
    hive_key key = HIVE_NO_KEY;
    int r = hive_get(w->hive, select, name, &v, err);
    if (r < 0)
        return r;
    uint32_t number = v.data && v.type == HIVE_DWORD && v.len == 4 ? le32_at(v.data) : 0;
    hive_value_release(&v);
    char *set = w->set[w->nsets];
    snprintf(set, sizeof w->set[0], "ControlSet%03u", number % 1000);
    if (number > 0 && number < 1000)
        r = hive_find(w->hive, hive_root(w->hive), set, &key, err);
    if (r == 0 && key == HIVE_NO_KEY)
        return wtg_fail(err, WTG_E_HIVE_DAMAGED,
                        "registry hive '%s': '\\Select\\%s' names the control set %u, which is "
                        "not there",
                        w->name, name, number);
    if (r == 0 && (w->nsets == 0 || strcmp(set, w->set[0]) != 0))
        w->nsets++;
    return r;
}

static int find_control_sets(struct work *w, struct wtg_err *err)
{
    hive_key select = HIVE_NO_KEY;
    if (strcmp(w->name, "SYSTEM") != 0)
        return 0;
    int r = hive_find(w->hive, hive_root(w->hive), "Select", &select, err);
    if (r == 0 && select == HIVE_NO_KEY)
        return wtg_fail(err, WTG_E_HIVE_DAMAGED, "registry hive '%s' has no key '\\Select'",
                        w->name);
    if (r == 0)
        r = add_control_set(w, select, "Current", err);
    if (r == 0)
        r = add_control_set(w, select, "Default", err);
    return r;
}

/* The lines of the plan about the changes from `first` on; malloc'ed. */
static char *changes_text(const struct windows_changes *c, size_t first)
{
    AUTO_FREE char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    for (size_t i = first; i < c->n; i++) {
        const struct windows_change *x = &c->change[i];
        fprintf(f, "%s%s\\%s\\%s: %s -> %s (%s)", i > first ? "\n" : "", x->hive, x->key, x->name,
                x->old_text, x->new_text, x->setting->slug);
    }
    bool bad = ferror(f);
    return fclose(f) == 0 && !bad ? TAKE_PTR(text) : NULL;
}

static bool is_wanted(const struct windows_opts *o, size_t setting)
{
    return !(o->without >> setting & 1);
}

/* Applies every row that concerns the hive. */
static int apply_rows(struct work *w, const struct windows_opts *o, struct wtg_err *err)
{
    for (size_t i = 0; i < windows_nsettings; i++) {
        const struct windows_setting *s = &windows_settings[i];
        for (size_t k = 0; is_wanted(o, i) && k < ARRAY_LEN(s->value) && s->value[k].hive; k++) {
            if (strcmp(s->value[k].hive, w->name) != 0)
                continue;
            int r = apply_row(w, s, &s->value[k], err);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static bool concerns(const char *hive, const struct windows_opts *o)
{
    for (size_t i = 0; i < windows_nsettings; i++)
        for (size_t k = 0; k < ARRAY_LEN(windows_settings[i].value); k++) {
            const char *which = windows_settings[i].value[k].hive;
            if (is_wanted(o, i) && which && strcmp(which, hive) == 0)
                return true;
        }
    return false;
}

/* A hive with changes in its logs has lost them, once we write another one beside. */
static int check_logs(const struct tree *t, struct wtg_span hive, const char *name,
                      struct wtg_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        char path[64];
        AUTO_FREE uint8_t *log = NULL;
        size_t n = 0;
        snprintf(path, sizeof path, CONFIG "%s%s", name, logs[i]);
        if (!tree_find(t, path))
            continue;
        int r = tree_read_file(t, path, MAX_LOG_BYTES, &log, &n, err);
        if (r == 0)
            r = hive_check_log(hive, (struct wtg_span){ log, n }, name, path, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Commits the hive into a REPLACE edit. */
static int add_replace(struct work *w, const char *path, size_t first_change,
                       struct tree_edits *edits, struct wtg_err *err)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct tree_blob *blob = NULL;
    AUTO_FREE char *detail = changes_text(w->changes, first_change);
    if (!detail)
        return wtg_fail_nomem(err);
    int r = hive_commit(w->hive, &bytes, &n, err);
    if (r == 0)
        r = tree_memory_blob_new(bytes, n, &blob, err);
    if (r < 0)
        return r;
    return tree_edits_add(edits, TREE_EDIT_REPLACE, path, blob,
                          N_("makes this Windows one that runs from a stick"), detail, err);
}

static int edit_hive(const struct tree *t, const char *name, const struct windows_opts *o,
                     struct tree_edits *edits, struct windows_changes *changes, struct wtg_err *err)
{
    char path[64];
    AUTO_FREE uint8_t *bytes = NULL;
    struct wtg_span span = { 0 };
    struct work w = { .name = name, .changes = changes };
    size_t first = changes->n;
    snprintf(path, sizeof path, CONFIG "%s", name);
    int r = tree_read_file(t, path, HIVE_MAX_BYTES, &bytes, &span.n, err);
    if (r < 0)
        return r;
    span.p = bytes;
    r = hive_open(span, name, true, &w.hive, err);
    if (r == 0)
        r = check_logs(t, span, name, err);
    if (r == 0)
        r = find_control_sets(&w, err);
    if (r == 0)
        r = apply_rows(&w, o, err);
    if (r == 0 && changes->n > first)
        r = add_replace(&w, path, first, edits, err);
    hive_free(w.hive);
    return r;
}

static int add_removals(const struct tree *t, const struct windows_opts *o,
                        struct tree_edits *edits, struct wtg_err *err)
{
    for (size_t i = 0; i < windows_nsettings; i++) {
        const struct windows_setting *s = &windows_settings[i];
        const struct tree_link *l = s->remove ? tree_find(t, s->remove) : NULL;
        char detail[64];
        if (!l || !is_wanted(o, i))
            continue;
        snprintf(detail, sizeof detail, "saves %" PRIu64 " MB", tree_data_size(l->node) / 1000000);
        int r = tree_edits_add(edits, TREE_EDIT_DELETE, s->remove, NULL, s->why, detail, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int windows_edits(const struct tree *t, const struct windows_opts *o, struct tree_edits *edits,
                  struct windows_changes *changes, struct wtg_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(hives); i++)
        if (concerns(hives[i], o))
            r = edit_hive(t, hives[i], o, edits, changes, err);
    if (r == 0)
        r = add_removals(t, o, edits, err);
    if (r < 0 || !o->unattend.p)
        return r;
    AUTO_FREE char *summary = NULL;
    r = unattend_check(o->unattend, o->unattend_name, o->architecture, &summary, err);
    return r < 0 ? r : unattend_edits(t, o->unattend, summary, edits, err);
}
