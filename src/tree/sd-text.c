/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tree/sd-text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "base/mem.h"

/* Layout: MS-DTYP 2.4.2 (SID), 2.4.4 (ACE), 2.4.5 (ACL), 2.4.6 (SECURITY_DESCRIPTOR). */
enum {
    CONTROL_DACL_PRESENT = 0x0004,
    CONTROL_SACL_PRESENT = 0x0010,
    INHERIT_OBJECT = 0x01,
    INHERIT_CONTAINER = 0x02,
    INHERIT_NO_PROPAGATE = 0x04,
    INHERIT_ONLY = 0x08,
    INHERITED = 0x10,
    OBJECT_TYPE_PRESENT = 1, /* of an object ACE: a GUID follows; likewise 2 */
    ACL_MAX_ENTRIES = 8192,  /* a list has 64 KiB, and an entry no less than 8 bytes */
    LINE_BYTES = 512,
};

/* ---- Names ------------------------------------------------------------------------------ */

/* Authority and numbers, as after "S-1-"; MS-DTYP 2.4.2.4.  Those of a domain or of one computer
 * have no fixed name and are shown as numbers. */
static const struct {
    const char *sid, *name;
} names[] = {
    { "S-1-0-0", "NULL SID" },
    { "S-1-1-0", "Everyone" },
    { "S-1-2-0", "LOCAL" },
    { "S-1-2-1", "CONSOLE LOGON" },
    { "S-1-3-0", "CREATOR OWNER" },
    { "S-1-3-1", "CREATOR GROUP" },
    { "S-1-3-4", "OWNER RIGHTS" },
    { "S-1-5-2", "NT AUTHORITY\\NETWORK" },
    { "S-1-5-3", "NT AUTHORITY\\BATCH" },
    { "S-1-5-4", "NT AUTHORITY\\INTERACTIVE" },
    { "S-1-5-6", "NT AUTHORITY\\SERVICE" },
    { "S-1-5-7", "NT AUTHORITY\\ANONYMOUS LOGON" },
    { "S-1-5-9", "NT AUTHORITY\\ENTERPRISE DOMAIN CONTROLLERS" },
    { "S-1-5-10", "NT AUTHORITY\\SELF" },
    { "S-1-5-11", "NT AUTHORITY\\Authenticated Users" },
    { "S-1-5-12", "NT AUTHORITY\\RESTRICTED" },
    { "S-1-5-13", "NT AUTHORITY\\TERMINAL SERVER USER" },
    { "S-1-5-14", "NT AUTHORITY\\REMOTE INTERACTIVE LOGON" },
    { "S-1-5-15", "NT AUTHORITY\\This Organization" },
    { "S-1-5-17", "NT AUTHORITY\\IUSR" },
    { "S-1-5-18", "NT AUTHORITY\\SYSTEM" },
    { "S-1-5-19", "NT AUTHORITY\\LOCAL SERVICE" },
    { "S-1-5-20", "NT AUTHORITY\\NETWORK SERVICE" },
    { "S-1-5-32-544", "BUILTIN\\Administrators" },
    { "S-1-5-32-545", "BUILTIN\\Users" },
    { "S-1-5-32-546", "BUILTIN\\Guests" },
    { "S-1-5-32-547", "BUILTIN\\Power Users" },
    { "S-1-5-32-551", "BUILTIN\\Backup Operators" },
    { "S-1-5-32-552", "BUILTIN\\Replicator" },
    { "S-1-5-32-555", "BUILTIN\\Remote Desktop Users" },
    { "S-1-5-32-556", "BUILTIN\\Network Configuration Operators" },
    { "S-1-5-32-558", "BUILTIN\\Performance Monitor Users" },
    { "S-1-5-32-559", "BUILTIN\\Performance Log Users" },
    { "S-1-5-32-568", "BUILTIN\\IIS_IUSRS" },
    { "S-1-5-32-569", "BUILTIN\\Cryptographic Operators" },
    { "S-1-5-32-573", "BUILTIN\\Event Log Readers" },
    { "S-1-5-32-578", "BUILTIN\\Hyper-V Administrators" },
    { "S-1-5-32-580", "BUILTIN\\Remote Management Users" },
    { "S-1-5-80-0", "NT SERVICE\\ALL SERVICES" },
    { "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
      "NT SERVICE\\TrustedInstaller" },
    { "S-1-5-83-0", "NT VIRTUAL MACHINE\\Virtual Machines" },
    { "S-1-5-113", "NT AUTHORITY\\Local account" },
    { "S-1-5-114", "NT AUTHORITY\\Local account and member of Administrators group" },
    { "S-1-15-2-1", "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES" },
    { "S-1-15-2-2", "APPLICATION PACKAGE AUTHORITY\\ALL RESTRICTED APPLICATION PACKAGES" },
    { "S-1-16-0", "Mandatory Label\\Untrusted Mandatory Level" },
    { "S-1-16-4096", "Mandatory Label\\Low Mandatory Level" },
    { "S-1-16-8192", "Mandatory Label\\Medium Mandatory Level" },
    { "S-1-16-8448", "Mandatory Label\\Medium Plus Mandatory Level" },
    { "S-1-16-12288", "Mandatory Label\\High Mandatory Level" },
    { "S-1-16-16384", "Mandatory Label\\System Mandatory Level" },
};

static void add(char *buf, size_t cap, const char *text)
{
    size_t n = strlen(buf);
    snprintf(buf + n, cap - n, "%s", text);
}

/* "S-1-5-18", or false. */
static bool sid_numbers(struct wtg_span sid, char *buf, size_t cap)
{
    const uint8_t *p = span_at(sid, 0, 8); /* revision, count, authority (big end first) */
    char one[16];

    if (!p || p[0] != 1 || p[1] > 15 || !span_at(sid, 8, 4 * (uint64_t)p[1]))
        return false;
    uint64_t authority = 0;
    for (unsigned i = 2; i < 8; i++)
        authority = authority << 8 | p[i];
    snprintf(buf, cap, authority >> 32 ? "S-1-0x%012" PRIX64 : "S-1-%" PRIu64, authority);
    for (unsigned i = 0; i < p[1]; i++) {
        snprintf(one, sizeof one, "-%" PRIu32, le32_at(p + 8 + 4 * (size_t)i));
        add(buf, cap, one);
    }
    return true;
}

char *sid_text(struct wtg_span sid, char *buf, size_t cap)
{
    char numbers[SID_TEXT_BYTES];

    if (!sid_numbers(sid, numbers, sizeof numbers)) {
        snprintf(buf, cap, "(damaged)");
        return buf;
    }
    snprintf(buf, cap, "%s", numbers);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i].sid, numbers) == 0)
            snprintf(buf, cap, "%s", names[i].name);
    return buf;
}

/* ---- Rights ----------------------------------------------------------------------------- */

struct right {
    uint32_t bits;
    const char *word;
};
/* The whole of a mask. */
static const struct right whole[] = {
    { 0, "N" },
    { 0x1f01ff, "F" },
    { 0x10000000, "F" }, /* generic all */
    { 0xe0010000, "M" }, /* what the root of a new Windows volume has to pass on */
};
/* Each takes its bits; those that bring nothing new are passed over. */
static const struct right parts[] = {
    { 0x1301bf, "M" },    { 0x1200a9, "RX" },   { 0x120089, "R" },    { 0x100116, "W" },
    { 0x110000, "D" },    { 0x10000, "DE" },    { 0x20000, "Rc" },    { 0x40000, "WDAC" },
    { 0x80000, "WO" },    { 0x100000, "S" },    { 0x1000000, "AS" },  { 0x2000000, "MA" },
    { 0x80000000, "GR" }, { 0x40000000, "GW" }, { 0x20000000, "GE" }, { 0x10000000, "GA" },
    { 0x1, "RD" },        { 0x2, "WD" },        { 0x4, "AD" },        { 0x8, "REA" },
    { 0x10, "WEA" },      { 0x20, "X" },        { 0x40, "DC" },       { 0x80, "RA" },
    { 0x100, "WA" },
};
/* Of a mandatory label. */
static const struct right label_parts[] = { { 1, "NW" }, { 2, "NR" }, { 4, "NX" } };

static char *rights(const struct right *row, size_t n, uint32_t mask, char *buf, size_t cap)
{
    uint32_t said = 0;

    snprintf(buf, cap, "(");
    for (size_t i = 0; i < n; i++) {
        if ((mask & row[i].bits) != row[i].bits || !(row[i].bits & ~said))
            continue;
        add(buf, cap, said ? "," : "");
        add(buf, cap, row[i].word);
        said |= row[i].bits;
    }
    if (mask & ~said) { /* bits that have no name */
        char rest[16];
        snprintf(rest, sizeof rest, "%s0x%" PRIx32, said ? "," : "", mask & ~said);
        add(buf, cap, rest);
    }
    add(buf, cap, ")");
    return buf;
}

char *sd_rights_text(uint32_t mask, char *buf, size_t cap)
{
    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        if (whole[i].bits == mask) {
            snprintf(buf, cap, "(%s)", whole[i].word);
            return buf;
        }
    return rights(parts, ARRAY_LEN(parts), mask, buf, cap);
}

/* ---- Entries ---------------------------------------------------------------------------- */

enum ace_kind { ACE_OTHER, ACE_ALLOW, ACE_DENY, ACE_LABEL };
/* By type (MS-DTYP 2.4.4.1); objects have up to two GUIDs in front of the SID. */
static const struct ace_form {
    uint8_t type;
    enum ace_kind kind;
    bool object;
} forms[] = {
    { 0x00, ACE_ALLOW, false }, { 0x01, ACE_DENY, false },  { 0x05, ACE_ALLOW, true },
    { 0x06, ACE_DENY, true },   { 0x09, ACE_ALLOW, false }, /* 9 and more: with a condition */
    { 0x0a, ACE_DENY, false },  { 0x0b, ACE_ALLOW, true },  { 0x0c, ACE_DENY, true },
    { 0x11, ACE_LABEL, false },
};

struct ace {
    enum ace_kind kind;
    uint8_t flags;
    uint32_t mask;
    struct wtg_span sid;
};

struct acl {
    struct wtg_span bytes;
    unsigned left;
    uint64_t at;
};

/* The list whose offset stands at `field` of the descriptor.  1; 0: there is none; -1: damaged. */
static int acl_open(struct wtg_span sd, unsigned field, unsigned present, struct acl *ret)
{
    const uint8_t *h = span_at(sd, 0, 20);

    if (!h || h[0] != 1)
        return -1;
    uint32_t off = le32_at(h + field);
    if (!(le16_at(h + 2) & present) || off == 0)
        return 0;
    const uint8_t *p = span_at(sd, off, 8); /* revision, pad, size u16, count u16, pad */
    if (!p || le16_at(p + 2) < 8 || le16_at(p + 4) > ACL_MAX_ENTRIES ||
        !span_at(sd, off, le16_at(p + 2)))
        return -1;
    *ret = (struct acl){ span_sub(sd, off, le16_at(p + 2)), le16_at(p + 4), 8 };
    return 1;
}

/* 1; 0: that was the last; -1: damaged. */
static int ace_next(struct acl *l, struct ace *ret)
{
    if (l->left == 0)
        return 0;
    const uint8_t *h = span_at(l->bytes, l->at, 8); /* type, flags, size u16, mask u32 */
    if (!h || le16_at(h + 2) < 8 || !span_at(l->bytes, l->at, le16_at(h + 2)))
        return -1;
    struct wtg_span whole_ace = span_sub(l->bytes, l->at, le16_at(h + 2));
    uint64_t sid = 8;

    *ret = (struct ace){ .flags = h[1], .mask = le32_at(h + 4) };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (forms[i].type != h[0])
            continue;
        const uint8_t *o = forms[i].object ? span_at(whole_ace, 8, 4) : NULL;
        if (forms[i].object && !o)
            return -1;
        if (o) {
            uint32_t has = le32_at(o);
            sid += 4 + (has & OBJECT_TYPE_PRESENT ? 16u : 0) + (has & 2 ? 16u : 0);
        }
        ret->kind = forms[i].kind;
    }
    if (sid > whole_ace.n)
        return -1;
    ret->sid = span_sub(whole_ace, sid, whole_ace.n - sid);
    l->at += le16_at(h + 2);
    l->left--;
    return 1;
}

static void ace_text(const struct ace *a, char *buf, size_t cap)
{
    static const struct {
        uint8_t flag;
        const char *word;
    } flags[] = { { INHERITED, "(I)" },
                  { INHERIT_OBJECT, "(OI)" },
                  { INHERIT_CONTAINER, "(CI)" },
                  { INHERIT_ONLY, "(IO)" },
                  { INHERIT_NO_PROPAGATE, "(NP)" } };
    char text[LINE_BYTES / 2];

    snprintf(buf, cap, "%s:", sid_text(a->sid, text, sizeof text));
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (a->flags & flags[i].flag)
            add(buf, cap, flags[i].word);
    if (a->kind == ACE_DENY && a->mask)
        add(buf, cap, "(DENY)");
    add(buf, cap,
        a->kind == ACE_LABEL
            ? rights(label_parts, ARRAY_LEN(label_parts), a->mask, text, sizeof text)
            : sd_rights_text(a->mask, text, sizeof text));
}

/* Tells the entries of one list that are of these kinds.  False: damaged. */
static bool tell_list(struct acl *l, bool labels, void (*line)(const char *, void *), void *user)
{
    char buf[LINE_BYTES];
    struct ace a;
    int r;

    while ((r = ace_next(l, &a)) == 1) {
        if (labels ? a.kind != ACE_LABEL : a.kind != ACE_ALLOW && a.kind != ACE_DENY)
            continue;
        ace_text(&a, buf, sizeof buf);
        line(buf, user);
    }
    return r == 0;
}

bool sd_lines(struct wtg_span sd, void (*line)(const char *text, void *user), void *user)
{
    const uint8_t *h = span_at(sd, 0, 20);
    char buf[LINE_BYTES], sid[SID_TEXT_BYTES];
    struct acl l = { .left = 0 };
    bool whole_sd = true;

    if (!h || h[0] != 1) {
        line("(damaged)", user);
        return false;
    }
    uint32_t owner = le32_at(h + 4);
    snprintf(buf, sizeof buf, "owner: %s",
             !owner          ? "(none)"
             : owner <= sd.n ? sid_text(span_sub(sd, owner, sd.n - owner), sid, sizeof sid)
                             : "(damaged)");
    line(buf, user);
    int r = acl_open(sd, 16, CONTROL_DACL_PRESENT, &l);
    if (r == 0)
        line("Everyone:(F)", user); /* no list: nobody is kept out */
    whole_sd = r >= 0 && (r == 0 || tell_list(&l, false, line, user));
    r = acl_open(sd, 12, CONTROL_SACL_PRESENT, &l);
    whole_sd &= r >= 0 && (r == 0 || tell_list(&l, true, line, user));
    if (!whole_sd)
        line("(damaged)", user);
    return whole_sd;
}

/* ---- Who may ---------------------------------------------------------------------------- */

static bool is_one_of(struct wtg_span sid, enum sd_who who)
{
    static const char *const groups[][6] = {
        [SD_SYSTEM] = { "S-1-5-18", "S-1-5-32-544", "S-1-1-0", "S-1-5-11", NULL },
        [SD_ADMINISTRATORS] = { "S-1-5-32-544", "S-1-5-32-545", "S-1-1-0", "S-1-5-11", "S-1-5-4",
                                NULL },
    };
    char text[SID_TEXT_BYTES];

    if (!sid_numbers(sid, text, sizeof text))
        return false;
    for (size_t i = 0; groups[who][i]; i++)
        if (strcmp(groups[who][i], text) == 0)
            return true;
    return false;
}

/* Rights of files that the generic bits stand for (winnt.h, FILE_GENERIC_*). */
static uint32_t specific(uint32_t mask)
{
    static const struct {
        uint32_t generic, bits;
    } map[] = { { 0x80000000, 0x120089 },
                { 0x40000000, 0x120116 },
                { 0x20000000, 0x1200a0 },
                { 0x10000000, 0x1f01ff } };
    uint32_t all = mask & 0x0fffffff;

    for (size_t i = 0; i < ARRAY_LEN(map); i++)
        if (mask & map[i].generic)
            all |= map[i].bits;
    return all;
}

uint32_t sd_refused(struct wtg_span sd, enum sd_who who, uint32_t wanted)
{
    struct acl l = { .left = 0 };
    uint32_t open = wanted, refused = 0; /* open: nobody has decided yet */
    struct ace a;
    int r = acl_open(sd, 16, CONTROL_DACL_PRESENT, &l);

    if (r <= 0)
        return r == 0 ? 0 : wanted;
    while ((r = ace_next(&l, &a)) == 1) {
        if ((a.flags & INHERIT_ONLY) || !is_one_of(a.sid, who))
            continue;
        uint32_t now = open & specific(a.mask);
        if (a.kind == ACE_DENY)
            refused |= now;
        if (a.kind == ACE_DENY || a.kind == ACE_ALLOW)
            open &= ~now;
    }
    return r < 0 ? wanted : refused | open;
}
