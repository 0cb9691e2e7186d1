/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "windows/windows.h"

#include "hive/hive-disk.h"
#include "hive/hive.h"
#include "test.h"
#include "windows-tree.h"

#define CONFIG "Windows\\System32\\config\\"

struct system_opts {
    uint32_t current, next; /* \Select\Current, Default; 0: not there */
    unsigned nsets;
    bool no_select;
};

/* A SYSTEM hive as a fresh image has it. */
static uint8_t *system_hive(struct system_opts o, size_t *n)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    hive_key k = 0;
    uint8_t *bytes = NULL;
    char path[80];
    int r = hive_new("SYSTEM", "ROOT", 5, 0, &h, &err);
    if (r == 0 && !o.no_select)
        r = hive_make(h, hive_root(h), "Select", &k, &err);
    if (r == 0 && o.current)
        r = hive_set_dword(h, k, "Current", o.current, &err);
    if (r == 0 && o.next)
        r = hive_set_dword(h, k, "Default", o.next, &err);
    for (unsigned i = 1; r == 0 && i <= o.nsets; i++) {
        snprintf(path, sizeof path, "ControlSet%03u\\Control\\Power", i);
        r = hive_make(h, hive_root(h), path, &k, &err);
        if (r == 0)
            r = hive_set_dword(h, k, "HibernateEnabled", 1, &err);
        snprintf(path, sizeof path, "ControlSet%03u\\Services\\partmgr", i);
        if (r == 0)
            r = hive_make(h, hive_root(h), path, &k, &err);
    }
    if (r == 0)
        r = hive_commit(h, &bytes, n, &err);
    hive_free(h);
    if (r < 0)
        printf("# %s\n", err.text);
    return bytes;
}

static const struct system_opts usual = { .current = 1, .next = 1, .nsets = 1 };

/* What a call of windows_edits brought. */
struct result {
    struct windows_tree w;
    struct tree_edits edits;
    struct windows_changes changes;
    struct wtg_err err;
    int code;
};

static void result_free(struct result *r)
{
    tree_edits_release(&r->edits);
    windows_changes_release(&r->changes);
    windows_tree_free(&r->w);
}

static void run(struct result *r, const uint8_t *hive, size_t n, const struct windows_opts *o)
{
    *r = (struct result){ 0 };
    windows_tree_new(&r->w);
    windows_tree_add(&r->w, CONFIG "SYSTEM", hive, n);
    windows_tree_text(&r->w, "Windows\\System32\\Recovery\\winre.wim", "recovery");
    windows_tree_sort(&r->w);
    r->code = windows_edits(r->w.t, o, &r->edits, &r->changes, &r->err);
}

static const struct tree_edit *edit_of(const struct result *r, const char *path)
{
    for (size_t i = 0; i < r->edits.n; i++)
        if (strcmp(r->edits.edit[i].path, path) == 0)
            return &r->edits.edit[i];
    return NULL;
}

/* A DWORD of an edited hive; -1: not there. */
static long dword_in(const struct tree_edit *e, const char *path, const char *name)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    hive_key k = 0;
    struct hive_value v = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;
    long ret = -1;
    if (tree_blob_slurp(e->content, HIVE_MAX_BYTES, &bytes, &n, &err) == 0 &&
        hive_open((struct wtg_span){ bytes, n }, "SYSTEM", false, &h, &err) == 0 &&
        hive_find(h, hive_root(h), path, &k, &err) == 0 && k != HIVE_NO_KEY &&
        hive_get(h, k, name, &v, &err) == 0 && v.data && v.type == HIVE_DWORD)
        ret = (long)le32_at(v.data);
    hive_value_release(&v);
    hive_free(h);
    free(bytes);
    return ret;
}

#define SYSTEM_PATH "\\Windows\\System32\\config\\SYSTEM"
#define WINRE_PATH "\\Windows\\System32\\Recovery\\winre.wim"

static void every_setting_arrives(void)
{
    struct result r;
    size_t n = 0;
    AUTO_FREE uint8_t *hive = system_hive(usual, &n);
    run(&r, hive, n, &(struct windows_opts){ 0 });
    OK(r.code, r.err);
    const struct tree_edit *e = edit_of(&r, SYSTEM_PATH);
    REQUIRE(e && e->op == TREE_EDIT_REPLACE);
    CHECK(dword_in(e, "ControlSet001\\Services\\partmgr\\Parameters", "SanPolicy") == 4);
    CHECK(dword_in(e, "ControlSet001\\Control", "PortableOperatingSystem") == 1);
    CHECK(dword_in(e, "ControlSet001\\Control\\BitLocker", "PreventDeviceEncryption") == 1);
    CHECK(dword_in(e, "ControlSet001\\Control\\Power", "HibernateEnabled") == 0);
    CHECK(dword_in(e, "ControlSet001\\Control\\Power", "HibernateEnabledDefault") == 0);
    CHECK(dword_in(e, "ControlSet001\\Control\\Session Manager\\Power", "HiberbootEnabled") == 0);
    CHECK(r.changes.n == 6);
    CHECK(strstr(e->detail, "SYSTEM\\ControlSet001\\Control\\Power\\HibernateEnabled: 1 -> 0 "
                            "(hibernation)"));
    CHECK(strstr(e->detail, "Parameters\\SanPolicy: absent -> 4 (san-policy)"));
    e = edit_of(&r, WINRE_PATH);
    CHECK(e && e->op == TREE_EDIT_DELETE && strstr(e->detail, "saves"));
    OK(tree_edits_check(r.w.t, &r.edits, &r.err), r.err);
    result_free(&r);
}

static void each_setting_can_be_left_out(void)
{
    size_t n = 0;
    AUTO_FREE uint8_t *hive = system_hive(usual, &n);
    for (size_t i = 0; i < windows_nsettings; i++) {
        struct result r;
        run(&r, hive, n, &(struct windows_opts){ .without = 1ULL << i });
        OK(r.code, r.err);
        for (size_t k = 0; k < r.changes.n; k++)
            CHECK(r.changes.change[k].setting != &windows_settings[i]);
        CHECK(!edit_of(&r, WINRE_PATH) == (strcmp(windows_settings[i].slug, "winre") == 0));
        CHECK(r.changes.n < 6 || windows_settings[i].remove);
        result_free(&r);
    }
}

static void without_all_nothing_is_touched(void)
{
    struct result r;
    run(&r, (const uint8_t *)"not even a hive", 15, &(struct windows_opts){ .without = ~0ULL });
    OK(r.code, r.err);
    CHECK(r.edits.n == 0 && r.changes.n == 0);
    result_free(&r);
}

/* Settings that are there already make no edit, so that the hive stays byte for byte. */
static void what_is_set_already_is_left_alone(void)
{
    struct result r, again;
    struct wtg_err err = { 0 };
    size_t n = 0, n2 = 0;
    AUTO_FREE uint8_t *hive = system_hive(usual, &n);
    AUTO_FREE uint8_t *done = NULL;
    run(&r, hive, n, &(struct windows_opts){ 0 });
    OK(r.code, r.err);
    OK(tree_blob_slurp(edit_of(&r, SYSTEM_PATH)->content, HIVE_MAX_BYTES, &done, &n2, &err), err);
    run(&again, done, n2, &(struct windows_opts){ 0 });
    OK(again.code, again.err);
    CHECK(!edit_of(&again, SYSTEM_PATH) && again.changes.n == 0);
    result_free(&r);
    result_free(&again);
}

static void same_image_gives_same_hive(void)
{
    struct result a, b;
    struct wtg_err err = { 0 };
    size_t n = 0, an = 0, bn = 0;
    AUTO_FREE uint8_t *hive = system_hive(usual, &n);
    AUTO_FREE uint8_t *ab = NULL;
    AUTO_FREE uint8_t *bb = NULL;
    run(&a, hive, n, &(struct windows_opts){ 0 });
    run(&b, hive, n, &(struct windows_opts){ 0 });
    OK(tree_blob_slurp(edit_of(&a, SYSTEM_PATH)->content, HIVE_MAX_BYTES, &ab, &an, &err), err);
    OK(tree_blob_slurp(edit_of(&b, SYSTEM_PATH)->content, HIVE_MAX_BYTES, &bb, &bn, &err), err);
    CHECK(an == bn && memcmp(ab, bb, an) == 0);
    result_free(&a);
    result_free(&b);
}

static void the_current_control_set_is_meant(void)
{
    struct result r;
    size_t n = 0;
    AUTO_FREE uint8_t *hive = system_hive((struct system_opts){ 2, 2, 3, false }, &n);
    run(&r, hive, n, &(struct windows_opts){ 0 });
    OK(r.code, r.err);
    const struct tree_edit *e = edit_of(&r, SYSTEM_PATH);
    REQUIRE(e);
    CHECK(dword_in(e, "ControlSet002\\Control", "PortableOperatingSystem") == 1);
    CHECK(dword_in(e, "ControlSet001\\Control", "PortableOperatingSystem") == -1);
    CHECK(dword_in(e, "ControlSet001\\Control\\Power", "HibernateEnabled") == 1);
    CHECK(r.changes.n == 6);
    result_free(&r);
}

/* Windows starts with Default; Current is what ran last. */
static void both_control_sets_when_they_differ(void)
{
    struct result r;
    size_t n = 0;
    AUTO_FREE uint8_t *hive = system_hive((struct system_opts){ 1, 3, 3, false }, &n);
    run(&r, hive, n, &(struct windows_opts){ 0 });
    OK(r.code, r.err);
    const struct tree_edit *e = edit_of(&r, SYSTEM_PATH);
    REQUIRE(e);
    CHECK(dword_in(e, "ControlSet001\\Control", "PortableOperatingSystem") == 1);
    CHECK(dword_in(e, "ControlSet002\\Control", "PortableOperatingSystem") == -1);
    CHECK(dword_in(e, "ControlSet003\\Control", "PortableOperatingSystem") == 1);
    CHECK(r.changes.n == 12);
    result_free(&r);
}

static void hives_without_control_set_are_refused(void)
{
    static const struct {
        struct system_opts opts;
        const char *told;
    } rows[] = {
        { { 0, 0, 1, true }, "'\\Select'" },
        { { 0, 1, 1, false }, "'\\Select\\Current'" },
        { { 1, 0, 1, false }, "'\\Select\\Default'" },
        { { 2, 2, 1, false }, "control set 2" },
        { { 1001, 1, 1, false }, "control set 1001" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct result r;
        size_t n = 0;
        AUTO_FREE uint8_t *hive = system_hive(rows[i].opts, &n);
        run(&r, hive, n, &(struct windows_opts){ 0 });
        CHECK(r.code == WTG_E_HIVE_DAMAGED && strstr(r.err.text, rows[i].told));
        CHECK(strstr(r.err.text, "'SYSTEM'"));
        result_free(&r);
    }
}

static void dirty_hives_are_refused_by_name(void)
{
    struct result r;
    size_t n = 0;
    AUTO_FREE uint8_t *hive = system_hive(usual, &n);
    hive[4]++;
    put_le32(hive + HIVE_SUMMED, hive_checksum(hive));
    run(&r, hive, n, &(struct windows_opts){ 0 });
    CHECK(r.code == WTG_E_HIVE_DIRTY && strstr(r.err.text, "'SYSTEM'") && r.err.hint[0]);
    CHECK(r.edits.n == 0);
    result_free(&r);
}

static void a_log_with_newer_changes_is_refused(void)
{
    struct windows_tree w;
    struct tree_edits edits = { 0 };
    struct windows_changes changes = { 0 };
    struct wtg_err err = { 0 };
    size_t n = 0;
    uint8_t log[1024] = "regf";
    AUTO_FREE uint8_t *hive = system_hive(usual, &n);
    memcpy(log + 512, "HvLE", 4);
    put_le32(log + 516, 512);
    put_le32(log + 524, le32_at(hive + 4) + 1);
    windows_tree_new(&w);
    windows_tree_add(&w, CONFIG "SYSTEM", hive, n);
    windows_tree_text(&w, CONFIG "SYSTEM.LOG1", "");
    windows_tree_add(&w, CONFIG "SYSTEM.LOG2", log, sizeof log);
    windows_tree_sort(&w);
    int r = windows_edits(w.t, &(struct windows_opts){ 0 }, &edits, &changes, &err);
    CHECK(r == WTG_E_HIVE_DIRTY && strstr(err.text, "SYSTEM.LOG2"));
    windows_changes_release(&changes);
    tree_edits_release(&edits);
    windows_tree_free(&w);
}

static void damaged_hives_are_refused(void)
{
    struct result r;
    size_t n = 0;
    AUTO_FREE uint8_t *hive = system_hive(usual, &n);
    run(&r, hive, n / 2, &(struct windows_opts){ 0 });
    CHECK(r.code == WTG_E_HIVE_DAMAGED && strstr(r.err.text, "'SYSTEM'"));
    result_free(&r);
}

static void settings_are_well_made(void)
{
    for (size_t i = 0; i < windows_nsettings; i++) {
        const struct windows_setting *s = &windows_settings[i];
        CHECK(s->slug[strspn(s->slug, "abcdefghijklmnopqrstuvwxyz-")] == '\0');
        CHECK(windows_setting_find(s->slug) == (int)i);
        CHECK(strlen(s->why) > 20 && s->why[strlen(s->why) - 1] != '.');
        CHECK(s->value[0].hive || s->remove);
    }
    CHECK(windows_nsettings <= 64); /* bits of windows_opts.without */
    CHECK(windows_setting_find("nonsense") == -1);
}

static const struct test tests[] = {
    TEST(every_setting_arrives),
    TEST(each_setting_can_be_left_out),
    TEST(without_all_nothing_is_touched),
    TEST(what_is_set_already_is_left_alone),
    TEST(same_image_gives_same_hive),
    TEST(the_current_control_set_is_meant),
    TEST(both_control_sets_when_they_differ),
    TEST(hives_without_control_set_are_refused),
    TEST(dirty_hives_are_refused_by_name),
    TEST(a_log_with_newer_changes_is_refused),
    TEST(damaged_hives_are_refused),
    TEST(settings_are_well_made),
};
TEST_MAIN(tests)
