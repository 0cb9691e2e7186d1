/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/needs.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "image/image.h"
#include "ntfs/wof.h"
#include "recipe/recompress.h"
#include "recipe/signatures.h"

/* Windows To Go: Enterprise since Windows 8 (9200), Education since 10; removed in 10 2004 (19041).
 * Source: learn.microsoft.com/windows/deployment/planning/windows-to-go-overview, "Windows To Go is
 * removed in Windows 10, version 2004 and later". */
enum { FIRST_BUILD = 9200, FIRST_REMOVED_BUILD = 19041 };

enum wtg_togo needs_togo(const struct wtg_edition *e)
{
    if (!e->build || !e->edition_id[0])
        return WTG_TOGO_UNKNOWN;
    if (e->build < FIRST_BUILD)
        return WTG_TOGO_OLD;
    if (strncasecmp(e->edition_id, "Enterprise", 10) != 0 &&
        strncasecmp(e->edition_id, "Education", 9) != 0)
        return WTG_TOGO_UNOFFICIAL;
    return e->build < FIRST_REMOVED_BUILD ? WTG_TOGO_OFFICIAL : WTG_TOGO_LATER;
}

enum {
    CLUSTER_BYTES = 4096,
    RECORD_BYTES = 1024,
    RESIDENT_BYTES = 700, /* what stands in the record itself */
};

/* Space as a volume needs it: clusters, and a record for each file. */
static void space_of(const struct tree *t, struct wtg_image_needs *n)
{
    const struct ntfs_wof_form *lzx = ntfs_wof_form_named("lzx");

    for (size_t i = 0; i < t->nnodes; i++) {
        const struct tree_node *node = t->node[i];
        n->plain_bytes += RECORD_BYTES;
        n->compact_bytes += RECORD_BYTES;
        for (uint32_t s = 0; s < node->nstreams; s++) {
            const struct tree_blob *b = node->stream[s].blob;
            struct image_stored form = { .solid = true };
            uint64_t size = b ? b->size_bytes : 0, packed;
            if (size <= RESIDENT_BYTES)
                continue;
            bool stored = image_blob_stored(b, &form) && !form.solid && form.kind != CODEC_NONE;
            packed = stored ? form.stored_bytes : size - recompress_saves(lzx, size);
            n->plain_bytes += round_up(size, CLUSTER_BYTES);
            n->compact_bytes += round_up(packed, CLUSTER_BYTES);
        }
    }
}

/* Judges one boot manager; false: there is none. */
static int look_at(const struct tree *t, const char *path, const struct sign_policy *policy,
                   struct wtg_verdict *ret, bool *ret_present, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    const struct tree_link *l = tree_find(t, path);

    *ret_present =
        l && tree_data_size(l->node) > 0 && tree_data_size(l->node) <= SIGN_FILE_MAX_BYTES;
    if (!*ret_present)
        return 0;
    int r = tree_read_file(t, path, SIGN_FILE_MAX_BYTES, &bytes, &n, err);
    return r < 0 ? r
                 : sign_check_file((struct wtg_span){ bytes, n }, "bootmgfw.efi", policy, ret, err);
}

static bool signed_by(const struct wtg_verdict *v, enum wtg_sign_ca ca)
{
    for (unsigned i = 0; i < v->nsignatures; i++)
        if (v->signature[i].ca == ca)
            return true;
    return false;
}

static int boot_of(const struct tree *t, struct wtg_image_needs *n, struct wtg_err *err)
{
    struct signatures s;
    AUTO_FREE struct wtg_verdict *v = mem_zeroed(1, sizeof *v, err);
    bool present = false;
    int r = v ? signatures_init(&s, NULL, err) : err->code;

    if (r < 0)
        return r;
    r = look_at(t, "\\Windows\\Boot\\EFI\\bootmgfw.efi", &s.policy, v, &present, err);
    if (r == 0 && present) {
        n->has_boot_manager = true;
        n->has_svn = v->has_svn;
        n->svn_major = v->svn_major;
        n->svn_minor = v->svn_minor;
        n->ca_2023 = signed_by(v, WTG_CA_WINDOWS_2023);
        if (v->deciding < v->nsignatures)
            snprintf(n->ca, sizeof n->ca, "%s", wtg_sign_ca_slug(v->signature[v->deciding].ca));
        r = look_at(t, "\\Windows\\Boot\\EFI_EX\\bootmgfw_EX.efi", &s.policy, v, &present, err);
        n->ca_2023 |= r == 0 && present && signed_by(v, WTG_CA_WINDOWS_2023);
    }
    signatures_release(&s);
    return r;
}

int needs_of(const struct tree *t, struct wtg_image_needs *ret, struct wtg_err *err)
{
    struct wtg_image_needs n = { .plain_bytes = 0 };

    space_of(t, &n);
    int r = boot_of(t, &n, err);
    if (r == 0)
        *ret = n;
    return r;
}
