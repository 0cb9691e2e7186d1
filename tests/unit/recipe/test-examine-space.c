/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Disk full", told apart: the verdict over all numbers, entries of $Quota, the denials in a log of
 * the host, and a folder as target. */
#include "test.h"

#include <sys/stat.h>

#include "base/mem.h"
#include "diagnose/diagnose.h"
#include "ntfs/ntfs-disk.h"
#include "ntfs/quota.h"
#include "recipe/examine-space.h"
#include "recipe/examine.h"

#define MIB (UINT64_C(1) << 20)

static const struct {
    const char *want;
    struct wtg_space s;
} verdicts[] = {
    { "enough",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 500 * MIB,
        .available_bytes = 500 * MIB,
        .wanted_bytes = 64 * MIB } },
    { "full", { .size_bytes = 1000 * MIB, .wanted_bytes = 20 * MIB } },
    { "full",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 19 * MIB,
        .available_bytes = 19 * MIB,
        .wanted_bytes = 20 * MIB } },
    { "reserved",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 50 * MIB,
        .available_bytes = 19 * MIB,
        .wanted_bytes = 20 * MIB } },
    { "quota",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 500 * MIB,
        .available_bytes = 500 * MIB,
        .wanted_bytes = 20 * MIB,
        .has_quota = true,
        .quota_limit_bytes = 100 * MIB,
        .quota_used_bytes = 90 * MIB } },
    { "quota",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 500 * MIB,
        .available_bytes = 500 * MIB,
        .wanted_bytes = 20 * MIB,
        .has_quota = true,
        .quota_limit_bytes = 100 * MIB,
        .quota_used_bytes = 190 * MIB } },
    { "enough",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 500 * MIB,
        .available_bytes = 500 * MIB,
        .wanted_bytes = 20 * MIB,
        .has_quota = true,
        .quota_limit_bytes = 100 * MIB,
        .quota_used_bytes = 80 * MIB } },
    { "too-small",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 990 * MIB,
        .available_bytes = 990 * MIB,
        .needed_bytes = 2000 * MIB,
        .needed_compact_bytes = 1001 * MIB,
        .wanted_bytes = 20 * MIB } },
    { "enough",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 990 * MIB,
        .available_bytes = 990 * MIB,
        .needed_bytes = 2000 * MIB,
        .needed_compact_bytes = 900 * MIB,
        .wanted_bytes = 20 * MIB } },
    { "enough",
      { .size_bytes = 1000 * MIB,
        .free_bytes = 100 * MIB,
        .available_bytes = 100 * MIB,
        .needed_bytes = 2000 * MIB,
        .holds_windows = true,
        .wanted_bytes = 20 * MIB } },
    { "fragmented",
      { .cluster_bytes = 4096,
        .size_bytes = 1000 * MIB,
        .free_bytes = 100 * MIB,
        .available_bytes = 100 * MIB,
        .largest_free_bytes = 65536,
        .free_runs = 10000,
        .wanted_bytes = 20 * MIB } },
    { "enough",
      { .cluster_bytes = 4096,
        .size_bytes = 1000 * MIB,
        .free_bytes = 100 * MIB,
        .available_bytes = 100 * MIB,
        .largest_free_bytes = 50 * MIB,
        .free_runs = 10000,
        .wanted_bytes = 20 * MIB } },
};

static void the_reasons_are_told_apart(void)
{
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        const char *got = space_verdict_name(space_judge(&verdicts[i].s));
        if (strcmp(got, verdicts[i].want) != 0)
            printf("# row %zu: %s\n", i, got);
        CHECK(strcmp(got, verdicts[i].want) == 0);
    }
}

static size_t put_quota(uint8_t *p, uint32_t owner, uint32_t flags, uint64_t used, uint64_t limit)
{
    static const uint8_t system[12] = { 1, 1, 0, 0, 0, 0, 0, 5, 18 };
    struct ntfs_index_entry_disk *e = (void *)p;
    struct ntfs_quota_disk *d = (void *)(p + 20);
    size_t data = sizeof *d + (owner > 1 ? sizeof system : 0), n = (20 + data + 7) / 8 * 8;

    memset(p, 0, n);
    e->u.view.data_offset = to_le16(20);
    e->u.view.data_length = to_le16((uint16_t)data);
    e->length = to_le16((uint16_t)n);
    e->key_length = to_le16(4);
    put_le32(p + 16, owner);
    d->version = to_le32(2);
    d->flags = to_le32(flags);
    d->bytes_used = to_le64(used);
    d->limit = to_le64(limit);
    if (owner > 1)
        memcpy(p + 20 + sizeof *d, system, sizeof system);
    return n;
}

static void quotas_are_read_and_cut_ones_passed_over(void)
{
    uint8_t node[512];
    struct wtg_err err = { 0 };
    struct ntfs_quotas q = { 0 };
    size_t n = put_quota(node, 1, 0x20, 0, UINT64_MAX);
    n += put_quota(node + n, 0x100, 0, 90, 100);
    size_t two = n;
    n += put_quota(node + n, 0x101, 1, 5, UINT64_MAX);
    node[two + 20] = 3; /* another version */
    OK(ntfs_quotas_add(&q, (struct wtg_span){ node, n }, &err), err);
    CHECK(q.enforced && q.n == 1);
    CHECK(q.item[0].owner_id == 0x100 && q.item[0].used_bytes == 90);
    CHECK(q.item[0].limit_bytes == 100 && q.item[0].sid_bytes == 12);
    ntfs_quotas_release(&q);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);
        memcpy(exact, node, cut);
        OK(ntfs_quotas_add(&q, (struct wtg_span){ exact, cut }, &err), err);
        CHECK(q.n <= 1);
        ntfs_quotas_release(&q);
        free(exact);
    }
}

struct seen {
    unsigned n;
    char verdict[2][16];
};
static void on_space(const struct wtg_space *s, void *user)
{
    struct seen *seen = user;
    if (seen->n < 2)
        snprintf(seen->verdict[seen->n], 16, "%s", s->verdict);
    seen->n++;
    CHECK(s->free_bytes <= s->size_bytes && s->available_bytes <= s->free_bytes);
}

/* A host with a folder as target, and a log in which AppArmor refused it or something else. */
static void a_folder_and_the_hosts_log(void)
{
    static const struct {
        const char *line;
        bool denied;
    } rows[] = {
        { "audit: apparmor=\"DENIED\" operation=\"open\" name=\"/mnt/target-x\" comm=\"cp\"\n",
          true },
        { "avc:  denied  { write } for comm=\"wtg\" name=\"sdb\"\n", true },
        { "audit: apparmor=\"DENIED\" operation=\"open\" name=\"/etc/shadow\" comm=\"snap\"\n",
          false },
        { "comm=\"wtg\" target-x is fine\n", false },
    };
    char root[] = "/tmp/test-examine-XXXXXX", path[128], command[256];
    CHECK(mkdtemp(root) != NULL);
    snprintf(command, sizeof command, "mkdir -p %s/var/log %s/target-x", root, root);
    CHECK(system(command) == 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        snprintf(path, sizeof path, "%s/var/log/kern.log", root);
        FILE *f = fopen(path, "w");
        CHECK(f && fputs(rows[i].line, f) >= 0 && fclose(f) == 0);
        const struct disk_host host = { .root = root };
        struct seen seen = { 0 };
        struct wtg_err err = { 0 };
        struct diagnose_case *c = NULL;
        snprintf(path, sizeof path, "%s/target-x", root);
        const struct examine_opts o = {
            .target = path, .host = &host, .temporary = root, .space = on_space, .user_space = &seen
        };
        OK(diagnose_case_new(&c, &err), err);
        OK(examine(&o, c, NULL, &err), err);
        CHECK(seen.n == 2);
        CHECK(diagnose_saw(c, "guard-denied") == rows[i].denied);
        CHECK(diagnose_saw(c, "guard-silent") == !rows[i].denied);
        CHECK(!diagnose_saw(c, "mounted-read-only"));
        diagnose_case_free(c);
    }
    snprintf(command, sizeof command, "rm -r %s", root);
    CHECK(system(command) == 0);
}

static const struct test tests[] = {
    TEST(the_reasons_are_told_apart),
    TEST(quotas_are_read_and_cut_ones_passed_over),
    TEST(a_folder_and_the_hosts_log),
};

int main(void)
{
    return test_run(tests, ARRAY_LEN(tests));
}
