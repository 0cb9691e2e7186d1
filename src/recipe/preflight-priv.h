/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_PREFLIGHT_PRIV_H
#define WTG_RECIPE_PREFLIGHT_PRIV_H

/* What the files of this recipe share. */

#include "disk/contents.h"
#include "disk/host-files.h"
#include "disk/target.h"
#include "disk/uses.h"
#include "recipe/create-priv.h"
#include "recipe/preflight.h"
#include "sign/sign.h"

enum {
    PREFLIGHT_WANT_RATE = 100000000, /* bytes per second: below, Windows feels like a slow stick */
};
#define PREFLIGHT_WANT_BYTES UINT64_C(32000000000) /* what is sold as 32 GB */

/* What was measured; 0: not. */
struct preflight_speed {
    uint64_t read_rate, write_rate; /* bytes per second, sequential */
    uint64_t random_us;             /* of one read of 4 KiB, on average */
    uint64_t reached_bytes;         /* the end of the last place that was tried */
    unsigned places;                /* how many were tried */
    uint64_t lost_at;               /* the first that did not hold what was written */
    bool lost;
    struct wtg_err read_err; /* a place that does not read; code 0: all do */
};

struct preflight {
    const struct wtg_preflight_opts *o;
    struct preflight_on on;
    struct wtg_job *job;
    struct arena words;

    /* The target. */
    bool is_file;           /* an image file, also one still to be made */
    bool known;             /* `id` is set */
    struct wtg_err refusal; /* what speaks against writing there; code 0: nothing */
    struct disk_identity id;
    struct disk_contents contents;
    bool contents_known;
    struct disk_use *use;
    size_t nuses;
    struct preflight_speed speed;
    bool measured;

    /* What this computer's firmware trusts and refuses. */
    struct sign_dbx db, dbx;
    bool has_efi, secure_boot_known, secure_boot, has_db, has_dbx;

    /* The image. */
    const struct create_source *source; /* NULL: none, or it cannot be read */
    struct create *own;                 /* made for this, not for a plan */
    struct wtg_err image_err, fit_err;  /* why not; code 0: fine */
    uint64_t write_bytes;
};

/* A check fills a row and returns 0, or PREFLIGHT_NONE when it does not apply here.  `row` comes
 * with slug, area and what; all other strings "". */
enum { PREFLIGHT_NONE = 1 };
typedef int preflight_check(struct preflight *p, struct wtg_preflight_row *row,
                            struct wtg_err *err);

/* preflight-host.c */
void preflight_look_firmware(struct preflight *p);
bool preflight_knows_2023(const struct preflight *p); /* the db has Windows UEFI CA 2023 */
preflight_check preflight_may_write, preflight_memory, preflight_state_space, preflight_kernel,
    preflight_libraries, preflight_firmware_mode, preflight_secure_boot, preflight_db,
    preflight_revoked, preflight_denials;
/* preflight-users.c */
preflight_check preflight_in_use, preflight_automounter;
/* preflight-target.c */
int preflight_look_target(struct preflight *p, struct wtg_err *err) WTG_MUST_USE;
preflight_check preflight_target, preflight_size, preflight_link, preflight_removable,
    preflight_lock, preflight_contents, preflight_read_rate, preflight_random, preflight_write_rate,
    preflight_reach, preflight_time;
/* preflight-speed.c: reads only, unless `write`; b may be slow.  What does not read or is lost is
 * in `ret`; fails when the job is cancelled, memory is out, or writing could not be taken back. */
int preflight_measure(struct blk *b, struct wtg_job *job, struct preflight_speed *ret,
                      struct wtg_err *err) WTG_MUST_USE;
int preflight_write_test(struct blk *b, const struct disk_identity *id, const char *state_dir,
                         struct wtg_job *job, struct preflight_speed *ret,
                         struct wtg_err *err) WTG_MUST_USE;
/* preflight-image.c */
int preflight_look_image(struct preflight *p, const struct create *plan,
                         struct wtg_err *err) WTG_MUST_USE;
preflight_check preflight_image, preflight_edition, preflight_proved, preflight_architecture,
    preflight_build, preflight_boot_ca, preflight_fits;
/* preflight-firmware.c; the table is made of data/firmware.tsv, and ends with a row of NULLs. */
struct preflight_maker {
    const char *begins; /* what the maker's name in DMI begins with */
    const char *name;
    const char *setup, *menu, *settings; /* "": none known */
};
extern const struct preflight_maker preflight_makers[];
preflight_check preflight_setup_key, preflight_boot_key, preflight_settings;

#endif
