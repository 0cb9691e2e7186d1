/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/preflight-priv.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "disk/udisks.h"

/* This computer: rights, memory, room, what its firmware trusts. */

/* ---- rights and room -------------------------------------------------------------------- */

static bool may_write_file(const char *path)
{
    char copy[PATH_MAX];

    if (access(path, F_OK) == 0)
        return access(path, W_OK) == 0;
    snprintf(copy, sizeof copy, "%s", path);
    return access(dirname(copy), W_OK | X_OK) == 0;
}

int preflight_may_write(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char path[HOST_PATH_BYTES];

    (void)err;
    if (!p->known)
        return PREFLIGHT_NONE;
    const char *node = host_path(p->on.host, path, "%s", p->id.path);
    row->wanted = N_("the right to write");
    if (p->is_file ? may_write_file(p->id.path) : access(node, R_OK | W_OK) == 0) {
        row->seen = geteuid() == 0 ? N_("yes, as root") : N_("yes");
        return 0;
    }
    struct wtg_err why = { 0 };
    if (!p->is_file && disk_udisks_knows(p->id.path, &why) == 0) {
        row->seen = N_("through UDisks2");
        row->note = N_("UDisks2 opens the disk, and asks for a password when it is needed");
        return 0;
    }
    row->verdict = WTG_PREFLIGHT_STOP;
    row->seen = N_("no");
    row->todo = N_("run it again with sudo: sudo wtg ...");
    if (p->refusal.code == 0) {
        wtg_fail(&p->refusal, WTG_E_PERMISSION, "'%s' may not be written by this user", p->id.path);
        wtg_hint(&p->refusal, "%s", row->todo);
    }
    row->err = &p->refusal;
    return 0;
}

static uint64_t meminfo(const struct preflight *p, const char *key, struct wtg_err *err)
{
    AUTO_FREE char *text = NULL;
    const char *at =
        host_text(p->on.host, "/proc/meminfo", &text, err) == 0 ? strstr(text, key) : NULL;

    return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

static int size_words(struct preflight *p, uint64_t bytes, const char **ret, struct wtg_err *err)
{
    char size[DISK_SIZE_TEXT_BYTES];

    *ret = recipe_text(&p->words, err, "%s", disk_size_text(bytes, size));
    return *ret ? 0 : err->code;
}

int preflight_memory(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    enum { WANT_BYTES = 1000000000 }; /* buffers, and the tree of a Windows, which takes 200 MB */
    uint64_t have = meminfo(p, "MemAvailable:", err);

    if (have == 0)
        return PREFLIGHT_NONE;
    row->wanted = "1.0 GB";
    if (have < WANT_BYTES) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->todo = N_("close large programs, or give --memory 256M");
    }
    return size_words(p, have, &row->seen, err);
}

int preflight_state_space(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    enum {
        WANT_BYTES = 200000000
    }; /* journals take less than 1 MB, undo files as much as repairs change */
    char dir[PATH_MAX];
    struct statvfs fs;
    struct wtg_err why = { 0 };

    row->wanted = "200.0 MB";
    if (p->on.state_dir)
        snprintf(dir, sizeof dir, "%s", p->on.state_dir);
    else if (plan_state_dir(dir, sizeof dir, &why) < 0)
        dir[0] = 0;
    if (!dir[0] || statvfs(dir, &fs) < 0) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->seen = N_("no folder for it");
        row->note = N_("a run that is interrupted cannot be gone on with");
        row->todo = N_("set HOME, or XDG_STATE_HOME, to a folder that may be written");
        return 0;
    }
    uint64_t have = (uint64_t)fs.f_bavail * fs.f_frsize;
    row->where = recipe_text(&p->words, err, "%s", dir);
    if (!row->where)
        return err->code;
    if (have < WANT_BYTES) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->todo = N_("make room there");
    }
    return size_words(p, have, &row->seen, err);
}

int preflight_kernel(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char release[128];
    unsigned major = 0, minor = 0;

    if (!host_line(p->on.host, release, sizeof release, "/proc/sys/kernel/osrelease") ||
        sscanf(release, "%u.%u", &major, &minor) != 2)
        return PREFLIGHT_NONE;
    row->wanted = "5.15";
    row->seen = recipe_text(&p->words, err, "%s", release);
    if (!row->seen)
        return err->code;
    if (major < 5 || (major == 5 && minor < 15)) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("a stick that is swapped while wtg works is recognized less surely");
    }
    return 0;
}

int preflight_libraries(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    /* "libarchive 3.6.2", and OpenSSL's own words; what was built against stands in --version. */
    row->verdict = WTG_PREFLIGHT_TOLD;
    row->seen = "wtg " WTG_VERSION;
    row->where = recipe_text(&p->words, err, "%s, %s", OpenSSL_version(OPENSSL_VERSION),
                             archive_version_string());
    return row->where ? 0 : err->code;
}

/* ---- firmware --------------------------------------------------------------------------- */

#define EFI_VARS "/sys/firmware/efi/efivars/"
#define GLOBAL_VARIABLES "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define IMAGE_SECURITY                                                                             \
    "d719b2cb-3d44-403a-a3cf-23f0e18f5c27" /* EFI_IMAGE_SECURITY_DATABASE_GUID                     \
                                            */

enum { VARIABLE_MAX_BYTES = 1 << 20 }; /* firmware has a few hundred KiB for all of them */

/* A variable as efivarfs shows it, with four bytes of attributes before; 0: it is not there. */
static size_t read_variable(const struct preflight *p, const char *name, uint8_t **ret)
{
    char path[HOST_PATH_BYTES];
    AUTO_FD fd = open(host_path(p->on.host, path, EFI_VARS "%s", name), O_RDONLY | O_CLOEXEC);
    AUTO_FREE uint8_t *bytes = fd < 0 ? NULL : malloc(VARIABLE_MAX_BYTES);
    size_t n = 0;

    for (ssize_t got = 1; bytes && got > 0 && n < VARIABLE_MAX_BYTES; n += (size_t)got) {
        got = read(fd, bytes + n, VARIABLE_MAX_BYTES - n);
        if (got < 0)
            return 0;
    }
    *ret = n ? TAKE_PTR(bytes) : NULL;
    return n;
}

static bool read_list(const struct preflight *p, const char *name, struct sign_dbx *ret)
{
    AUTO_FREE uint8_t *bytes = NULL;
    struct wtg_err ignored = { 0 };
    size_t n = read_variable(p, name, &bytes);

    return n > 4 && sign_dbx_add(ret, (struct wtg_span){ bytes, n }, &ignored) == 0;
}

void preflight_look_firmware(struct preflight *p)
{
    AUTO_FREE uint8_t *bytes = NULL;

    p->has_efi = host_exists(p->on.host, "/sys/firmware/efi");
    p->secure_boot_known = read_variable(p, "SecureBoot-" GLOBAL_VARIABLES, &bytes) == 5;
    p->secure_boot = p->secure_boot_known && bytes[4] == 1;
    p->has_db = read_list(p, "db-" IMAGE_SECURITY, &p->db);
    p->has_dbx = read_list(p, "dbx-" IMAGE_SECURITY, &p->dbx);
}

static bool has_ca(const struct sign_dbx *list, enum wtg_sign_ca ca)
{
    char hex[2 * SHA256_BYTES + 1];

    for (size_t i = 0; i < list->ncerts; i++) {
        hash_hex(list->cert[i].sha256, SHA256_BYTES, hex);
        for (size_t k = 0; k < sign_microsoft_nroots; k++)
            if (sign_microsoft_roots[k].ca == ca &&
                strcmp(sign_microsoft_roots[k].sha256, hex) == 0)
                return true;
    }
    return false;
}

bool preflight_knows_2023(const struct preflight *p)
{
    return has_ca(&p->db, WTG_CA_WINDOWS_2023);
}

int preflight_firmware_mode(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    (void)err;
    row->wanted = "UEFI";
    row->seen = p->has_efi ? "UEFI" : "BIOS";
    if (!p->has_efi) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("the stick starts by UEFI only; this computer was started the old way");
        row->todo = N_("to start the stick here, turn UEFI on in the firmware's setup");
    }
    return 0;
}

int preflight_secure_boot(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    (void)err;
    if (!p->has_efi)
        return PREFLIGHT_NONE;
    row->seen = !p->secure_boot_known ? N_("not known") : p->secure_boot ? N_("on") : N_("off");
    if (!p->secure_boot_known)
        row->verdict = WTG_PREFLIGHT_TOLD;
    return 0;
}

int preflight_db(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    (void)err;
    if (!p->has_db)
        return PREFLIGHT_NONE;
    row->wanted = "Windows UEFI CA 2023";
    row->seen = preflight_knows_2023(p) ? N_("yes") : N_("no");
    if (preflight_knows_2023(p))
        return 0;
    row->verdict = p->secure_boot ? WTG_PREFLIGHT_WARNING : WTG_PREFLIGHT_TOLD;
    row->note = N_("sticks with a boot manager signed in 2023 or later do not start here with "
                   "Secure Boot on");
    row->todo = N_("update the firmware, or let Windows Update add the certificate");
    return 0;
}

/* The last program that the list of 9 May 2023 revoked (fwupd's version 371); lists only grow. */
static const uint8_t revoked_2023_05[SHA256_BYTES] = {
    0x13, 0xa1, 0xf3, 0x7b, 0xed, 0xfb, 0x54, 0x17, 0xb6, 0xb7, 0x37, 0xe2, 0xa3, 0x81, 0x6c, 0x8f,
    0xd5, 0x87, 0xd7, 0x4d, 0x83, 0x69, 0x14, 0xb2, 0xb2, 0xed, 0xc9, 0xfd, 0x6c, 0xa3, 0x0e, 0x58,
};

int preflight_revoked(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    const struct sign_dbx_svn *svn = sign_dbx_svn(&p->dbx, &sign_dbx_bootmgr);
    char least[32] = "";

    if (!p->has_dbx)
        return PREFLIGHT_NONE;
    if (svn)
        snprintf(least, sizeof least, ", SVN %u.%u", svn->major, svn->minor);
    row->wanted = N_("of May 2023 or newer");
    row->seen = recipe_text(&p->words, err, "%zu%s", p->dbx.nhashes, least);
    if (!row->seen)
        return err->code;
    if (has_ca(&p->dbx, WTG_CA_WINDOWS_2011)) {
        row->note = N_("boot managers signed by the authority of 2011 do not start here");
        return 0;
    }
    if (!sign_dbx_has_hash(&p->dbx, revoked_2023_05)) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("the list is older than May 2023; that stops no stick, but is not safe");
        row->todo = N_("update it: fwupdmgr update");
    }
    return 0;
}

/* ---- denials ---------------------------------------------------------------------------- */

/* The last of a log, where AppArmor and SELinux write what they denied; "" when not readable. */
static int read_tail(const struct preflight *p, const char *log, char **ret, struct wtg_err *err)
{
    enum { TAIL_BYTES = 256 << 10 };
    char path[HOST_PATH_BYTES];
    AUTO_FD fd = open(host_path(p->on.host, path, "%s", log), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    AUTO_FREE char *text = mem_zeroed(TAIL_BYTES + 1, 1, err);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

    if (!text)
        return err->code;
    if (fd >= 0 && size > 0 &&
        pread(fd, text, TAIL_BYTES, size > TAIL_BYTES ? size - TAIL_BYTES : 0) < 0)
        text[0] = 0;
    *ret = TAKE_PTR(text);
    return 0;
}

static bool denies_us(const struct preflight *p, const char *line)
{
    const char *name = p->id.name[0] ? p->id.name : "\n";

    return (strstr(line, "apparmor=\"DENIED\"") || strstr(line, "avc:  denied")) &&
           (strstr(line, "comm=\"wtg\"") || strstr(line, "comm=\"udisksd\"") || strstr(line, name));
}

int preflight_denials(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    static const char *const logs[] = { "/var/log/audit/audit.log", "/var/log/kern.log",
                                        "/var/log/messages", "/var/log/syslog" };
    char last[200] = "";
    unsigned n = 0;

    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        AUTO_FREE char *text = NULL;
        int r = read_tail(p, logs[i], &text, err);
        if (r < 0)
            return r;
        char *rest = text;
        for (char *line; (line = strsep(&rest, "\n"));)
            if (denies_us(p, line)) {
                n++;
                snprintf(last, sizeof last, "%s", line);
            }
    }
    row->wanted = "0";
    row->seen = recipe_text(&p->words, err, "%u", n);
    row->where = recipe_text(&p->words, err, "%s", last);
    if (!row->seen || !row->where)
        return err->code;
    if (n) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("AppArmor or SELinux has kept a program from this disk");
        row->todo = N_("read that line; 'aa-status' or 'ausearch -m avc' says more");
    }
    return 0;
}
