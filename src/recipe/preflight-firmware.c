/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/preflight-priv.h"

#include <string.h>
#include <strings.h>

/* How to start from the stick, by the maker of this computer: data/firmware.tsv. */

/* Whoever built the computer comes before whoever built its board. */
static const struct preflight_maker *find(const struct preflight *p, char seen[128])
{
    static const char *const files[] = { "sys_vendor", "board_vendor" };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (!host_line(p->on.host, seen, 128, "/sys/class/dmi/id/%s", files[i]))
            continue;
        for (const struct preflight_maker *m = preflight_makers; m->begins; m++)
            if (strncasecmp(seen, m->begins, strlen(m->begins)) == 0)
                return m;
    }
    return NULL;
}

static int key_row(struct preflight *p, struct wtg_preflight_row *row, bool menu,
                   struct wtg_err *err)
{
    char seen[128] = "";
    const struct preflight_maker *m = find(p, seen);

    row->verdict = WTG_PREFLIGHT_TOLD;
    if (m && !(menu ? m->menu : m->setup)[0])
        return PREFLIGHT_NONE;
    row->seen = m      ? (menu ? m->menu : m->setup)
                : menu ? "F12 / F11 / F9 / F8 / Esc"
                       : "F2 / Del / F1 / F10 / Esc";
    row->where = m ? m->name : recipe_text(&p->words, err, "%s", seen);
    row->note = m ? "" : N_("the maker of this computer is not known; these are the usual keys");
    return row->where ? 0 : err->code;
}

int preflight_setup_key(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    row->todo = N_("press it again and again as soon as the computer is turned on");
    return key_row(p, row, false, err);
}

int preflight_boot_key(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    return key_row(p, row, true, err);
}

int preflight_settings(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char seen[128];
    const struct preflight_maker *m = find(p, seen);

    (void)err;
    row->verdict = WTG_PREFLIGHT_TOLD;
    row->seen = "UEFI";
    row->where = m ? m->settings : "";
    row->note = N_("UEFI on, the old way of starting (CSM, Legacy) off, USB first");
    return 0;
}
