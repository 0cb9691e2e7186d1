/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/compact.h"

#include <string.h>

#include "base/utf16.h"
#include "tree/names.h"

/* Which files stay plain.  docs/compact.md says why, and where the lists come from. */

enum {
    LOADER_READS_ALL_BUILD = 18362, /* Windows 10 1903: from here on the loader reads every form */
    RULE_PARTS_MAX = 32,            /* names in a pattern; Windows' own have five at the most */
    RULES_MAX = 10000,              /* of a list in an image: Windows' own has six */
    INI_MAX_BYTES = 1 << 20,        /* Windows' own has 3 KB */
};

/* What Windows' own tools never compress: WimBootCompress.ini of Windows 10 and 11 (DISM), and the
 * list in compact.exe; and what is written at the first start, which would make it plain again. */
static const char *const always[] = {
    "\\Windows\\System32\\config\\*",
    "\\Windows\\System32\\PlatformManifest\\*",
    "bootstat.dat",
    "*winload.*",
    "*winresume.*",
    "wof.sys",
    "aow.wim",
    "boot\\bcd*",
    "\\pagefile.sys",
    "\\swapfile.sys",
    "\\hiberfil.sys",
    "NTUSER.DAT*",
    "UsrClass.dat*",
    "\\Windows\\System32\\SMI\\Store\\Machine\\*",
    "\\Windows\\System32\\winevt\\Logs\\*",
    "Backup\\",
    "ManifestCache\\",
    "Manifests\\",
};

/* What the loader itself reads, which before Windows 10 1903 knows only XPRESS4K. */
static const char *const loader_reads[] = {
    "\\Windows\\Boot\\*",
    "\\Windows\\Fonts\\vga*.fon",
    "\\Windows\\System32\\Boot\\*",
    "\\Windows\\System32\\CodeIntegrity\\*",
    "\\Windows\\apppatch\\drvmain.sdb",
    "\\Windows\\INF\\errata.inf",
    "*.nls",
    "*.sys",
    "ntoskrnl.exe",
    "ntkrnl*.exe",
    "hal*.dll",
    "ci.dll",
    "kd*.dll",
    "kbd*.dll",
    "mcupdate_*.dll",
    "pshed.dll",
    "bootvid.dll",
    "tcblaunch.exe",
    "hv*.exe",
    "api-ms-win*.dll",
    "ext-ms-win*.dll",
    "drvmain.sdb",
    "errata.inf",
    "driver.stl",
};

struct compact_rule {
    struct part {
        const uint16_t *text;
        size_t n;
    } * part;
    size_t nparts;
    bool from_root;
    bool below; /* only what is below such a directory */
};

/* ---- Patterns --------------------------------------------------------------------------- */

/* A part of a pattern against a name, by backtracking to the last '*'. */
static bool part_matches(const struct part *p, const uint16_t *name, size_t n)
{
    const uint16_t *up = names_upcase();
    size_t i = 0, k = 0, star = SIZE_MAX, mark = 0;

    while (k < n) {
        if (i < p->n && p->text[i] == '*') {
            star = i++;
            mark = k;
        } else if (i < p->n && (p->text[i] == '?' || p->text[i] == up[name[k]])) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            k = ++mark;
        } else {
            return false;
        }
    }
    while (i < p->n && p->text[i] == '*')
        i++;
    return i == p->n;
}

/* "*.*" is every name, with or without a dot, as Windows has it. */
static bool is_any(const uint16_t *text, size_t n)
{
    return n == 3 && text[0] == '*' && text[1] == '.' && text[2] == '*';
}

static int add_part(struct compact_rules *r, struct compact_rule *rule, const char *text,
                    size_t len, struct wtg_err *err)
{
    uint16_t name[NAME_MAX_UNITS];
    size_t n = 0;

    if (rule->nparts == RULE_PARTS_MAX || !utf16_from_utf8_buf(text, len, name, NAME_MAX_UNITS, &n))
        return 1;
    for (size_t i = 0; i < n; i++)
        name[i] = names_upcase()[name[i]];
    if (is_any(name, n))
        n = 1;
    struct part *p = &rule->part[rule->nparts++];
    p->text = arena_dup(&r->arena, name, n * 2, err);
    p->n = n;
    return p->text ? 0 : err->code;
}

int compact_rules_add(struct compact_rules *r, const char *pattern, struct wtg_err *err)
{
    struct compact_rule rule = { .from_root = pattern[0] == '\\' };
    size_t len = strlen(pattern);

    rule.below = len > 0 && pattern[len - 1] == '\\';
    if (r->n == RULES_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "a list of more than %d patterns", RULES_MAX);
    int e = mem_grow(&r->rule, &r->cap, r->n, sizeof *r->rule, err);
    if (e == 0 && !(rule.part = arena_alloc(&r->arena, RULE_PARTS_MAX * sizeof *rule.part, err)))
        e = err->code;
    for (const char *p = pattern; e == 0 && *p;) {
        size_t n = strcspn(p, "\\");
        if (n > 0)
            e = add_part(r, &rule, p, n, err);
        p += n + (p[n] == '\\');
    }
    if (e == 0 && rule.nparts > 0)
        r->rule[r->n++] = rule;
    return e < 0 ? e : 0;
}

/* ---- Paths ------------------------------------------------------------------------------ */

enum { PATH_PARTS_MAX = 64 }; /* deeper files match only by their last names */

/* The names of a path from the end: path[0] is the file's own.  Returns how many there are;
 * *ret_whole: the last one stands in the root. */
static size_t path_of(const struct tree_link *l, const struct tree_link **path, bool *ret_whole)
{
    size_t n = 0;

    for (; l && l->parent && n < PATH_PARTS_MAX; l = l->parent->link)
        path[n++] = l;
    *ret_whole = !l || !l->parent;
    return n;
}

/* Do all parts match, the last one at path[at]? */
static bool matches_at(const struct compact_rule *r, const struct tree_link *const *path, size_t at)
{
    for (size_t i = 0; i < r->nparts; i++) {
        const struct tree_link *l = path[at + i];
        if (!part_matches(&r->part[r->nparts - 1 - i], l->name, l->name_len))
            return false;
    }
    return true;
}

static bool rule_matches(const struct compact_rule *r, const struct tree_link *const *path,
                         size_t n, bool whole)
{
    if (n < r->nparts)
        return false;
    if (r->from_root)
        return whole && (!r->below || n > r->nparts) && matches_at(r, path, n - r->nparts);
    if (!r->below)
        return matches_at(r, path, 0);
    for (size_t at = 1; at + r->nparts <= n; at++)
        if (matches_at(r, path, at))
            return true;
    return false;
}

bool compact_rules_match(const struct compact_rules *r, const struct tree_link *l)
{
    const struct tree_link *path[PATH_PARTS_MAX];
    bool whole = false;
    size_t n = path_of(l, path, &whole);

    for (size_t i = 0; i < r->n; i++)
        if (rule_matches(&r->rule[i], path, n, whole))
            return true;
    return false;
}

/* ---- Lists ------------------------------------------------------------------------------ */

static int add_all(struct compact_rules *r, const char *const *pattern, size_t n,
                   struct wtg_err *err)
{
    int e = 0;

    for (size_t i = 0; i < n && e == 0; i++)
        e = compact_rules_add(r, pattern[i], err);
    return e;
}

/* A line without its end, blanks and quotes; '/' is taken for '\'. */
static char *tidy(char *line)
{
    line += strspn(line, " \t\"");
    size_t n = strlen(line);
    while (n > 0 && strchr(" \t\r\"", line[n - 1]))
        n--;
    line[n] = '\0';
    for (char *p = line; *p; p++)
        if (*p == '/')
            *p = '\\';
    return line;
}

static int add_lines(struct compact_rules *r, char *text, struct wtg_err *err)
{
    bool wanted = false;
    char *save = NULL;
    int e = 0;

    for (char *line = strtok_r(text, "\n", &save); line && e == 0;
         line = strtok_r(NULL, "\n", &save)) {
        line = tidy(line);
        if (line[0] == '[')
            wanted = strcasecmp(line, "[PrepopulateList]") == 0;
        else if (wanted && line[0] && !strchr(";#", line[0]))
            e = compact_rules_add(r, line, err);
    }
    return e;
}

int compact_rules_add_ini(struct compact_rules *r, const uint8_t *ini, size_t n,
                          struct wtg_err *err)
{
    AUTO_FREE char *text = NULL;

    if (n >= 2 && ini[0] == 0xff && ini[1] == 0xfe) {
        AUTO_FREE uint16_t *units = mem_zeroed(n / 2, 2, err);
        if (!units)
            return err->code;
        memcpy(units, ini + 2, (n - 2) / 2 * 2);
        text = utf16_to_utf8_dup(units, (n - 2) / 2, err);
    } else if ((text = mem_zeroed(n + 1, 1, err))) {
        memcpy(text, ini, n);
    }
    return text ? add_lines(r, text, err) : err->code;
}

int compact_rules_for(struct compact_rules *r, const struct tree *t, const struct compact_opts *o,
                      struct wtg_err *err)
{
    static const char list[] = "\\Windows\\System32\\WimBootCompress.ini";
    AUTO_FREE uint8_t *ini = NULL;
    size_t n = 0;
    int e = add_all(r, always, ARRAY_LEN(always), err);

    if (e == 0 && o->boots && o->build < LOADER_READS_ALL_BUILD)
        e = add_all(r, loader_reads, ARRAY_LEN(loader_reads), err);
    if (e < 0 || !tree_find(t, list))
        return e;
    e = tree_read_file(t, list, INI_MAX_BYTES, &ini, &n, err);
    return e < 0 ? e : compact_rules_add_ini(r, ini, n, err);
}

void compact_rules_release(struct compact_rules *r)
{
    free(r->rule);
    arena_release(&r->arena);
    *r = (struct compact_rules){ 0 };
}
