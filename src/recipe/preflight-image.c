/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/preflight-priv.h"

#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "recipe/signatures.h"

/* The image: may it be believed, what is in it, does it start here, does it fit. */

#define BOOT_MANAGER "\\Windows\\Boot\\EFI\\bootmgfw.efi"

/* A plan that nobody will carry out, for a target of this size, whatever else speaks against it. */
static int lay_out(struct preflight *p, struct wtg_err *err)
{
    struct create *c = mem_zeroed(1, sizeof *c, err);

    if (!c)
        return err->code;
    p->own = c;
    c->opts = p->o->create;
    c->opts.look_only = true;
    c->job = p->job;
    c->target.fd = -1;
    c->resume.fd = -1;
    c->seed = seed_from_text("wtg check");
    c->id = p->id;
    if (!p->known)
        c->id = (struct disk_identity){ .bus = DISK_BUS_FILE,
                                        .path = "a stick of 32 GB",
                                        .size_bytes = PREFLIGHT_WANT_BYTES / 100 * 90,
                                        .sector_bytes = 512 };
    if (create_source_new(&c->opts, p->job, &c->from, &p->image_err) < 0)
        return 0;
    p->source = c->from;
    if (create_lay_out(c, &p->fit_err) < 0)
        return 0;
    for (size_t i = 0; i < c->regions.n; i++)
        if (c->regions.region[i].kind != REGION_KEEP)
            p->write_bytes += c->regions.region[i].length;
    return 0;
}

/* What is wrong with memory or asked for by Ctrl-C is no finding about the image. */
static int hard(const struct wtg_err *found, struct wtg_err *err)
{
    if (found->code != WTG_E_NOMEM && found->code != WTG_E_CANCELLED)
        return 0;
    *err = *found;
    return err->code;
}

int preflight_look_image(struct preflight *p, const struct create *plan, struct wtg_err *err)
{
    if (plan) {
        p->source = plan->from;
        p->write_bytes = plan->plan_info.write_bytes;
        return 0;
    }
    int r = lay_out(p, err);
    if (r == 0)
        r = hard(&p->image_err, err);
    return r == 0 ? hard(&p->fit_err, err) : r;
}

static const struct wtg_edition *edition_of(const struct preflight *p)
{
    return &p->source->view.edition[p->source->info->index - 1];
}

int preflight_image(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    if (!p->image_err.code && !p->source)
        return PREFLIGHT_NONE;
    row->seen = p->image_err.code ? wtg_code_text(p->image_err.code) : N_("can be used");
    row->where = p->image_err.code ? p->image_err.text
                                   : recipe_text(&p->words, err, "%s", p->source->view.info.path);
    row->todo = p->image_err.hint;
    if (p->image_err.code) {
        row->verdict = WTG_PREFLIGHT_STOP;
        row->err = &p->image_err;
    }
    return row->where ? 0 : err->code;
}

int preflight_proved(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    (void)err;
    if (!p->source)
        return PREFLIGHT_NONE;
    row->wanted = "SHA-256";
    if (p->source->proof.sha256[0]) {
        row->seen = N_("yes");
        row->where = p->source->proof.sha256;
        return 0;
    }
    row->verdict = WTG_PREFLIGHT_WARNING;
    row->seen = N_("no");
    row->note = N_("a download may be damaged or forged; nobody has compared its checksum");
    row->todo = N_("give the publisher's --sha256, or run 'wtg image verify'");
    return 0;
}

/* Windows To Go was supported from 8 to 1909, in two editions: Microsoft Learn, "Windows To Go
 * feature overview" and "features removed in Windows 10, version 2004". */
int preflight_edition(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    enum { FIRST_BUILD = 9200, LAST_BUILD = 18363 };
    if (!p->source)
        return PREFLIGHT_NONE;
    const struct wtg_edition *e = edition_of(p);
    bool meant = strncasecmp(e->edition_id, "Enterprise", 10) == 0 ||
                 strncasecmp(e->edition_id, "Education", 9) == 0;

    row->seen = recipe_text(&p->words, err, "%s", e->name[0] ? e->name : e->edition_id);
    if (!row->seen)
        return err->code;
    if (p->o->create.no_boot)
        return 0;
    if (!meant || e->build < FIRST_BUILD || e->build > LAST_BUILD) {
        row->verdict = WTG_PREFLIGHT_TOLD;
        row->note = N_("it works, but Microsoft supported Windows To Go only in Enterprise and "
                       "Education, 8 to 10 1909");
    }
    return 0;
}

/* What a processor runs; the image's word first. */
static const struct {
    const char *image, *machine;
} runs[] = {
    { "x64", "x86_64" }, { "x86", "x86_64" },    { "x86", "i686" },
    { "x86", "i586" },   { "arm64", "aarch64" }, { "arm", "armv7l" },
};

int preflight_architecture(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    struct utsname u;

    if (!p->source || p->o->create.no_boot || uname(&u) < 0)
        return PREFLIGHT_NONE;
    const char *arch = edition_of(p)->architecture;
    row->seen = recipe_text(&p->words, err, "%s", arch);
    row->where = recipe_text(&p->words, err, "%s", u.machine);
    if (!row->seen || !row->where)
        return err->code;
    for (size_t i = 0; i < ARRAY_LEN(runs); i++)
        if (strcmp(runs[i].image, arch) == 0 && strcmp(runs[i].machine, u.machine) == 0)
            return 0;
    row->verdict = WTG_PREFLIGHT_WARNING;
    row->note = N_("the stick will not start on this computer, but on one with that processor");
    return 0;
}

int preflight_build(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    enum { FIRST_COMPACT = 10240, ALL_COMPACT = 18362 };
    if (!p->source || p->o->create.no_boot)
        return PREFLIGHT_NONE;
    uint32_t build = p->source->info->build;
    const struct ntfs_wof_form *form = p->source->compact.form;

    row->verdict = WTG_PREFLIGHT_TOLD;
    row->seen = recipe_text(&p->words, err, "%u", build);
    row->where = form ? form->name : "";
    row->note = build < FIRST_COMPACT ? N_("this Windows reads no compact files")
                : build < ALL_COMPACT
                    ? N_("this Windows starts from compact files in XPRESS4K only")
                    : N_("this Windows starts from compact files of all forms");
    return row->seen ? 0 : err->code;
}

/* ---- does it start here ----------------------------------------------------------------- */

static int judge(const struct preflight *p, struct wtg_verdict *ret, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    struct signatures s;
    size_t n = 0;
    int r = tree_read_file(p->source->tree, BOOT_MANAGER, SIGN_FILE_MAX_BYTES, &bytes, &n, err);

    if (r < 0)
        return r;
    r = signatures_init(&s, NULL, err);
    if (r < 0)
        return r;
    s.policy.dbx = p->has_dbx ? &p->dbx : NULL;
    r = sign_check_file((struct wtg_span){ bytes, n }, BOOT_MANAGER, &s.policy, ret, err);
    signatures_release(&s);
    return r;
}

static void judge_ca(const struct preflight *p, const struct wtg_verdict *v, enum wtg_sign_ca ca,
                     struct wtg_preflight_row *row)
{
    if (v->state == WTG_SIGN_REVOKED) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("this computer's firmware has revoked that boot manager");
        row->todo = N_("take a newer image, or turn Secure Boot off");
    } else if (v->state != WTG_SIGN_GOOD) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("with Secure Boot on the stick will not start");
        row->todo = N_("take the publisher's own image, or turn Secure Boot off");
    } else if (ca == WTG_CA_WINDOWS_2023 && p->has_db && !preflight_knows_2023(p)) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("this computer's firmware does not know that authority yet");
        row->todo = N_("update the firmware, or turn Secure Boot off");
    } else if (ca == WTG_CA_WINDOWS_2011) {
        row->note = N_("computers that have revoked the authority of 2011 will not start it");
    }
}

int preflight_boot_ca(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    struct wtg_verdict v = { 0 };
    struct wtg_err why = { 0 };

    if (!p->source || p->o->create.no_boot)
        return PREFLIGHT_NONE;
    if (judge(p, &v, &why) < 0)
        return why.code == WTG_E_NOMEM ? wtg_fail_nomem(err) : PREFLIGHT_NONE;
    enum wtg_sign_ca ca = v.deciding < v.nsignatures ? v.signature[v.deciding].ca : WTG_CA_OTHER;
    row->seen = v.state == WTG_SIGN_GOOD || v.state == WTG_SIGN_REVOKED
                    ? recipe_text(&p->words, err, "%s", wtg_sign_ca_slug(ca))
                    : wtg_sign_text(v.state);
    if (v.has_svn)
        row->where = recipe_text(&p->words, err, "SVN %u.%u", v.svn_major, v.svn_minor);
    if (!row->seen || !row->where)
        return err->code;
    judge_ca(p, &v, ca, row);
    return 0;
}

/* ---- does it fit ------------------------------------------------------------------------ */

static uint64_t free_bytes(const struct preflight *p)
{
    const struct ntfs_build_info *n = p->own && p->own->ntfs ? ntfs_build_info(p->own->ntfs) : NULL;

    return n ? n->size_bytes - min_u64(n->size_bytes, n->used_bytes) : 0;
}

int preflight_fits(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char size[DISK_SIZE_TEXT_BYTES], left[DISK_SIZE_TEXT_BYTES];

    if (!p->source || !p->own)
        return PREFLIGHT_NONE;
    if (p->fit_err.code) {
        row->verdict = WTG_PREFLIGHT_STOP;
        row->seen = N_("no");
        row->where = p->fit_err.text;
        row->todo = p->fit_err.hint;
        row->err = &p->fit_err;
        return 0;
    }
    row->seen = recipe_text(&p->words, err, "%s", disk_size_text(p->write_bytes, size));
    row->wanted = recipe_text(&p->words, err, "%s", disk_size_text(p->own->id.size_bytes, size));
    row->where = recipe_text(&p->words, err, "+ %s", disk_size_text(free_bytes(p), left));
    row->note = N_("to be written; the number with '+' stays free for Windows");
    return row->seen && row->wanted && row->where ? 0 : err->code;
}
