/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Security descriptors in the words of icacls: every form of entry, every inheritance flag, rights
 * as icacls puts them together, and what damage does. */
#include "test.h"

#include "base/le.h"
#include "base/mem.h"
#include "tree/sd-text.h"

/* ---- A descriptor is made ---------------------------------------------------------------- */

struct made {
    uint8_t b[1024];
    size_t n, acl; /* acl: where the list that grows begins */
};

static void put_sid(struct made *m, const char *text)
{
    size_t at = m->n;
    char *p;
    m->b[at] = 1;
    m->b[at + 1] = 0;
    memset(m->b + at + 2, 0, 6);
    m->b[at + 7] = (uint8_t)strtoul(text + 4, &p, 10);
    m->n += 8;
    for (; *p == '-'; m->n += 4, m->b[at + 1]++)
        put_le32(m->b + m->n, (uint32_t)strtoul(p + 1, &p, 10));
}

static void begin(struct made *m, const char *owner)
{
    memset(m, 0, sizeof *m);
    m->b[0] = 1;
    put_le16(m->b + 2, 0x8000);
    m->n = 20;
    if (owner) {
        put_le32(m->b + 4, 20);
        put_sid(m, owner);
    }
}

static void begin_list(struct made *m, bool sacl)
{
    m->acl = m->n;
    put_le16(m->b + 2, (uint16_t)(le16_at(m->b + 2) | (sacl ? 0x10 : 4)));
    put_le32(m->b + (sacl ? 12 : 16), (uint32_t)m->n);
    m->b[m->n] = 2;
    put_le16(m->b + m->n + 2, 8);
    m->n += 8;
}

/* guids: of an object entry, -1 for others */
static void put_ace(struct made *m, uint8_t type, uint8_t flags, uint32_t mask, int guids,
                    const char *sid)
{
    size_t at = m->n;
    m->b[at] = type;
    m->b[at + 1] = flags;
    put_le32(m->b + at + 4, mask);
    m->n += 8;
    if (guids >= 0) {
        put_le32(m->b + m->n, (uint32_t)guids);
        m->n += 4 + 16 * (size_t)((guids & 1) + (guids >> 1));
    }
    put_sid(m, sid);
    put_le16(m->b + at + 2, (uint16_t)(m->n - at));
    put_le16(m->b + m->acl + 2, (uint16_t)(m->n - m->acl));
    put_le16(m->b + m->acl + 4, (uint16_t)(le16_at(m->b + m->acl + 4) + 1));
}

static struct wtg_span span_of(const struct made *m)
{
    return (struct wtg_span){ m->b, m->n };
}

static void collect(const char *text, void *user)
{
    char *all = user;
    size_t n = strlen(all);
    snprintf(all + n, 4096 - n, "%s\n", text);
}

#define ADMINS "S-1-5-32-544"
#define SYSTEM "S-1-5-18"

/* ---- Tests ------------------------------------------------------------------------------ */

static void entries_read_as_icacls_prints_them(void)
{
    static const struct {
        uint8_t type, flags;
        uint32_t mask;
        int guids;
        const char *sid, *want;
    } rows[] = {
        { 0, 0x13, 0x1f01ff, -1, ADMINS, "BUILTIN\\Administrators:(I)(OI)(CI)(F)" },
        { 0, 0x00, 0x1200a9, -1, "S-1-5-32-545", "BUILTIN\\Users:(RX)" },
        { 0, 0x0b, 0x10000000, -1, "S-1-3-0", "CREATOR OWNER:(OI)(CI)(IO)(F)" },
        { 0, 0x04, 0x120089, -1, SYSTEM, "NT AUTHORITY\\SYSTEM:(NP)(R)" },
        { 0, 0x1f, 0x1301bf, -1, SYSTEM, "NT AUTHORITY\\SYSTEM:(I)(OI)(CI)(IO)(NP)(M)" },
        { 1, 0x03, 0x10040, -1, "S-1-1-0", "Everyone:(OI)(CI)(DENY)(DE,DC)" },
        { 1, 0x00, 0x100001, -1, "S-1-1-0", "Everyone:(DENY)(S,RD)" },
        { 1, 0x00, 0, -1, "S-1-1-0", "Everyone:(N)" },
        { 5, 0x00, 1, 0, SYSTEM, "NT AUTHORITY\\SYSTEM:(RD)" },
        { 5, 0x00, 1, 1, SYSTEM, "NT AUTHORITY\\SYSTEM:(RD)" },
        { 6, 0x00, 1, 3, SYSTEM, "NT AUTHORITY\\SYSTEM:(DENY)(RD)" },
        { 9, 0x00, 0x1200a9, -1, SYSTEM, "NT AUTHORITY\\SYSTEM:(RX)" },
        { 10, 0x00, 2, -1, SYSTEM, "NT AUTHORITY\\SYSTEM:(DENY)(WD)" },
        { 11, 0x00, 2, 2, SYSTEM, "NT AUTHORITY\\SYSTEM:(WD)" },
        { 12, 0x00, 2, 2, SYSTEM, "NT AUTHORITY\\SYSTEM:(DENY)(WD)" },
        { 0, 0, 0x1f01ff, -1, "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
          "NT SERVICE\\TrustedInstaller:(F)" },
        { 0, 0x0b, 0xa0000000, -1, "S-1-15-2-1",
          "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES:(OI)(CI)(IO)(GR,GE)" },
        { 0, 0, 0x1f01ff, -1, "S-1-5-21-1-2-4294967295-500", "S-1-5-21-1-2-4294967295-500:(F)" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct made m;
        char got[4096] = "", want[512];
        begin(&m, SYSTEM);
        begin_list(&m, false);
        put_ace(&m, rows[i].type, rows[i].flags, rows[i].mask, rows[i].guids, rows[i].sid);
        CHECK(sd_lines(span_of(&m), collect, got));
        snprintf(want, sizeof want, "owner: NT AUTHORITY\\SYSTEM\n%s\n", rows[i].want);
        if (strcmp(got, want) != 0)
            printf("# row %zu: %s", i, got);
        CHECK(strcmp(got, want) == 0);
    }
}

static void rights_are_put_together_as_icacls_does(void)
{
    static const struct {
        uint32_t mask;
        const char *want;
    } rows[] = {
        { 0, "(N)" },
        { 0x1f01ff, "(F)" },
        { 0x10000000, "(F)" },
        { 0x1301bf, "(M)" },
        { 0xe0010000, "(M)" },
        { 0x1301ff, "(M,DC)" },
        { 0x1200a9, "(RX)" },
        { 0x1201bf, "(RX,W)" },
        { 0x120089, "(R)" },
        { 0x100116, "(W)" },
        { 0x13019f, "(R,W,D)" },
        { 0x110156, "(W,D,DC)" },
        { 0x110000, "(D)" },
        { 0x10000, "(DE)" },
        { 0x100026, "(S,WD,AD,X)" },
        { 0x4, "(AD)" },
        { 0x10156, "(DE,WD,AD,WEA,DC,WA)" },
        { 0xc0000, "(WDAC,WO)" },
        { 0x1000000, "(AS)" },
        { 0x2000000, "(MA)" },
        { 0xc0000000, "(GR,GW)" },
        { 0x200, "(0x200)" },
        { 0x220000, "(Rc,0x200000)" },
        { 0xffffffff, "(M,WDAC,WO,AS,MA,GR,GW,GE,GA,DC,0xce0fe00)" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char got[256];
        sd_rights_text(rows[i].mask, got, sizeof got);
        if (strcmp(got, rows[i].want) != 0)
            printf("# %s, not %s\n", got, rows[i].want);
        CHECK(strcmp(got, rows[i].want) == 0);
    }
}

static void labels_come_last_and_audits_not_at_all(void)
{
    struct made m;
    char got[4096] = "";
    begin(&m, NULL);
    begin_list(&m, true);
    put_ace(&m, 2, 0, 1, -1, SYSTEM);
    put_ace(&m, 0x11, 3, 1, -1, "S-1-16-12288");
    begin_list(&m, false);
    put_ace(&m, 0, 0, 0x1f01ff, -1, SYSTEM);
    CHECK(sd_lines(span_of(&m), collect, got));
    CHECK(strcmp(got, "owner: (none)\nNT AUTHORITY\\SYSTEM:(F)\n"
                      "Mandatory Label\\High Mandatory Level:(OI)(CI)(NW)\n") == 0);
}

static void without_a_list_everybody_may_and_with_an_empty_one_nobody(void)
{
    struct made m;
    char got[4096] = "";
    begin(&m, ADMINS);
    CHECK(sd_lines(span_of(&m), collect, got));
    CHECK(strstr(got, "Everyone:(F)") != NULL);
    CHECK(sd_refused(span_of(&m), SD_SYSTEM, SD_READ_EXECUTE) == 0);
    begin_list(&m, false);
    CHECK(sd_refused(span_of(&m), SD_SYSTEM, SD_READ_EXECUTE) == SD_READ_EXECUTE);
}

static void what_is_refused(void)
{
    static const struct {
        uint8_t type, flags;
        uint32_t mask;
        const char *sid;
        uint32_t system, admins; /* refused, with an allow of everything for both behind it */
    } rows[] = {
        { 1, 0, 1, "S-1-1-0", 1, 1 },
        { 1, 8, 1, "S-1-1-0", 0, 0 }, /* only for what is made below */
        { 1, 0, 0x20, SYSTEM, 0x20, 0 },
        { 1, 0, 0x20, "S-1-5-32-545", 0, 0x20 },
        { 1, 0, 0x10000000, ADMINS, SD_READ_EXECUTE, SD_READ_EXECUTE },
        { 1, 0, 0x1f01ff, "S-1-5-32-546", 0, 0 },
        { 2, 0, 0x1f01ff, "S-1-1-0", 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct made m;
        begin(&m, ADMINS);
        begin_list(&m, false);
        put_ace(&m, rows[i].type, rows[i].flags, rows[i].mask, -1, rows[i].sid);
        put_ace(&m, 0, 0, 0x1f01ff, -1, SYSTEM);
        put_ace(&m, 0, 0, 0x10000000, -1, ADMINS);
        CHECK(sd_refused(span_of(&m), SD_SYSTEM, SD_READ_EXECUTE) == rows[i].system);
        CHECK(sd_refused(span_of(&m), SD_ADMINISTRATORS, SD_READ_EXECUTE) == rows[i].admins);
    }
}

/* Cut anywhere, and every byte another one: bounded, and no claim of being whole when cut. */
static void damage_is_said(void)
{
    struct made m;
    begin(&m, ADMINS);
    begin_list(&m, false);
    put_ace(&m, 5, 0, 1, 3, SYSTEM);
    put_ace(&m, 0, 0x13, 0x1f01ff, -1, ADMINS);
    for (size_t n = 0; n < m.n; n++) {
        char got[4096] = "";
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, m.b, n);
        CHECK(!sd_lines((struct wtg_span){ exact, n }, collect, got));
        CHECK(strstr(got, "(damaged)") != NULL);
        CHECK(sd_refused((struct wtg_span){ exact, n }, SD_SYSTEM, SD_READ_EXECUTE) ==
              SD_READ_EXECUTE);
        free(exact);
    }
    for (size_t i = 0; i < m.n; i++) {
        char got[4096] = "";
        struct made other = m;
        other.b[i] ^= 0xff;
        sd_lines(span_of(&other), collect, got);
        CHECK(got[0] != 0);
    }
}

static const struct test tests[] = {
    TEST(entries_read_as_icacls_prints_them),
    TEST(rights_are_put_together_as_icacls_does),
    TEST(labels_come_last_and_audits_not_at_all),
    TEST(without_a_list_everybody_may_and_with_an_empty_one_nobody),
    TEST(what_is_refused),
    TEST(damage_is_said),
};

int main(void)
{
    return test_run(tests, ARRAY_LEN(tests));
}
