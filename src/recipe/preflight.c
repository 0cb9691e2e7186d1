/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/preflight-priv.h"

#include <stdlib.h>

/* clang-format off */
static const struct {
    const char *slug, *area, *what;
    preflight_check *run;
} checks[] = {
    { "may-write",     "host",     N_("may we write"),            preflight_may_write },
    { "memory",        "host",     N_("free memory"),             preflight_memory },
    { "state-space",   "host",     N_("room for the journal"),    preflight_state_space },
    { "kernel",        "host",     N_("Linux"),                   preflight_kernel },
    { "libraries",     "host",     N_("libraries"),               preflight_libraries },
    { "firmware-mode", "host",     N_("started by"),              preflight_firmware_mode },
    { "secure-boot",   "host",     N_("Secure Boot"),             preflight_secure_boot },
    { "db-2023",       "host",     N_("certificates of 2023"),    preflight_db },
    { "dbx",           "host",     N_("revoked programs (DBX)"),  preflight_revoked },
    { "automounter",   "host",     N_("programs that mount"),     preflight_automounter },
    { "denials",       "host",     N_("denials by security"),     preflight_denials },
    { "target",        "target",   N_("the target"),              preflight_target },
    { "in-use",        "target",   N_("who holds it"),            preflight_in_use },
    { "size",          "target",   N_("size"),                    preflight_size },
    { "usb-link",      "target",   N_("USB link"),                preflight_link },
    { "removable",     "target",   N_("kind"),                    preflight_removable },
    { "write-lock",    "target",   N_("write lock"),              preflight_lock },
    { "contents",      "target",   N_("what is on it"),           preflight_contents },
    { "read-rate",     "target",   N_("reads in a row"),          preflight_read_rate },
    { "random-read",   "target",   N_("reads of 4 KiB"),          preflight_random },
    { "write-rate",    "target",   N_("writes in a row"),         preflight_write_rate },
    { "reach",         "target",   N_("capacity reached"),        preflight_reach },
    { "image",         "image",    N_("the image"),               preflight_image },
    { "proved",        "image",    N_("proved"),                  preflight_proved },
    { "edition",       "image",    N_("edition"),                 preflight_edition },
    { "architecture",  "image",    N_("architecture"),            preflight_architecture },
    { "build",         "image",    N_("build"),                   preflight_build },
    { "boot-ca",       "image",    N_("boot manager"),            preflight_boot_ca },
    { "fits",          "image",    N_("fits"),                    preflight_fits },
    { "time",          "image",    N_("time to create"),          preflight_time },
    { "setup-key",     "firmware", N_("enter the setup"),         preflight_setup_key },
    { "boot-key",      "firmware", N_("choose the stick"),        preflight_boot_key },
    { "settings",      "firmware", N_("settings"),                preflight_settings },
};
/* clang-format on */

const char *preflight_check_slug(size_t i)
{
    return i < ARRAY_LEN(checks) ? checks[i].slug : NULL;
}

const char *preflight_slug(enum wtg_preflight_verdict verdict)
{
    static const char *const slugs[] = { "fine", "told", "warning", "stop" };

    return (size_t)verdict < ARRAY_LEN(slugs) ? slugs[verdict] : "stop";
}

static int run_checks(struct preflight *p,
                      void (*each)(const struct wtg_preflight_row *row, void *user), void *user,
                      unsigned *stops, struct wtg_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct wtg_preflight_row row = { .slug = checks[i].slug,
                                         .area = checks[i].area,
                                         .what = checks[i].what,
                                         .seen = "",
                                         .wanted = "",
                                         .note = "",
                                         .where = "",
                                         .todo = "" };
        int r = checks[i].run(p, &row, err);
        if (r < 0)
            return r;
        if (r == PREFLIGHT_NONE)
            continue;
        *stops += row.verdict == WTG_PREFLIGHT_STOP;
        each(&row, user);
    }
    return 0;
}

static void release(struct preflight *p)
{
    create_free(p->own);
    free(p->use);
    disk_contents_release(&p->contents);
    sign_dbx_release(&p->db);
    sign_dbx_release(&p->dbx);
    arena_release(&p->words);
}

int preflight(const struct wtg_preflight_opts *opts, const struct create *plan,
              const struct preflight_on *on, struct wtg_job *job,
              void (*each)(const struct wtg_preflight_row *row, void *user), void *user,
              unsigned *ret_stops, struct wtg_err *err)
{
    AUTO_FREE struct preflight *p = mem_zeroed(1, sizeof *p, err);
    unsigned stops = 0;

    if (!p)
        return err->code;
    p->o = opts;
    p->job = job;
    if (on)
        p->on = *on;
    preflight_look_firmware(p);
    int r = opts->create.target ? preflight_look_target(p, err) : 0;
    if (r == 0 && (plan || opts->create.image))
        r = preflight_look_image(p, plan, err);
    if (r == 0)
        r = run_checks(p, each, user, &stops, err);
    release(p);
    if (r == 0)
        *ret_stops = stops;
    return r;
}
