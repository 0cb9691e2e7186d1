/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_ERROR_H
#define WTG_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WTG_API __attribute__((visibility("default")))
#define WTG_MUST_USE __attribute__((warn_unused_result))
#define WTG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Every way in which wtg can fail.  One row: name, number (stable, searchable), exit code of the
 * command line, and what it means in one plain sentence.  Numbers 1xxx are about this computer,
 * 2xxx about images, 3xxx about disks and volumes, 4xxx about Windows and what it boots with,
 * 5xxx about getting files.
 * docs/errors.md lists the same table; a test compares them. */
/* clang-format off */
#define WTG_ERRORS(E)                                                                              \
    E(IO,               1001,   1, "a file or device did not read or write")                       \
    E(CANCELLED,        1002, 130, "you asked to stop")                                            \
    E(NOMEM,            1003,   1, "this computer has no memory left for the work")                \
    E(NO_SPACE,         1004,   1, "there is no space left where the data should go")              \
    E(PERMISSION,       1005,   1, "this user may not do that")                                    \
    E(NOT_FOUND,        1006,   1, "a file that is needed does not exist")                         \
    E(USAGE,            1007,   2, "the command was not understood")                               \
    E(UNSUPPORTED,      1008,   1, "wtg cannot do this")                                           \
    E(BUG,              1009,   1, "wtg made a mistake of its own; please report it")              \
    E(IMAGE_FORMAT,     2001,   1, "the file is not an image that wtg can read")                   \
    E(IMAGE_DAMAGED,    2002,   1, "the image is damaged")                                         \
    E(IMAGE_HASH,       2003,   1, "the content of the image does not match its checksum")         \
    E(IMAGE_PART,       2004,   1, "a part of a split image is missing or does not belong to it")  \
    E(IMAGE_CHOICE,     2005,   2, "the image holds several Windows and none was chosen")          \
    E(IMAGE_INDEX,      2006,   2, "the image has no such index or edition")                       \
    E(IMAGE_ENCRYPTED,  2007,   4, "the image holds files encrypted by EFS")                       \
    E(IMAGE_NAME,       2008,   1, "the image holds a name that no NTFS volume can hold")          \
    E(EDIT_CONFLICT,    2009,   1, "two changes to the image contradict each other")               \
    E(DISK_IN_USE,      3001,   4, "something on this computer is using the disk")                 \
    E(DISK_SYSTEM,      3002,   4, "the disk holds the running system")                            \
    E(DISK_FIXED,       3003,   4, "the disk is built in and not a stick")                         \
    E(DISK_CHANGED,     3004,   4, "the disk is not the one the plan was made for")                \
    E(DISK_READ_ONLY,   3005,   4, "the disk cannot be written")                                   \
    E(DISK_GONE,        3006,   1, "the disk has vanished")                                        \
    E(DISK_TOO_SMALL,   3007,   1, "the target is too small")                                      \
    E(TARGET,           3008,   4, "the target is nothing that wtg writes to")                     \
    E(VOLUME_DAMAGED,   3009,   3, "the file system on the volume is damaged")                     \
    E(VOLUME_FORMAT,    3010,   1, "there is no file system of the expected kind")                 \
    E(NOT_AGREED,       3011,   4, "the plan was not agreed to, nothing was written")              \
    E(VERIFY,           3012,   3, "the target does not hold what was written to it")              \
    E(NOT_WINDOWS,      4001,   1, "the image holds no Windows that could start")                  \
    E(HIVE_DIRTY,       4002,   1, "a registry hive was not closed cleanly")                       \
    E(HIVE_DAMAGED,     4003,   1, "a registry hive is damaged")                                   \
    E(BCD,              4004,   1, "the boot configuration (BCD) is not as it should be")          \
    E(UNATTEND,         4005,   1, "the answer file is not usable")                                \
    E(SIGNATURE,        4006,   1, "a signature, catalog or list of revoked ones cannot be read")  \
    E(NETWORK,          5001,   1, "a server could not be reached, or broke off again and again")  \
    E(SERVER,           5002,   1, "a server refused, or sent something that is not the file")     \
    E(NOT_TRUSTED,      5003,   1, "the connection is not as safe as it has to be")                \
    E(NOT_SIGNED,       5004,   1, "the signature does not prove the file")                        \
    E(EXISTS,           5005,   4, "a file of that name is there already")
/* clang-format on */

enum wtg_code {
#define E(name, num, exit, text) WTG_E_##name = -(num),
    WTG_ERRORS(E)
#undef E
};

/* Evidence, in a form that diagnosis can match on: ("ntfs.oem", "EXFAT   "). */
struct wtg_fact {
    const char *key; /* a literal */
    char value[64];
};

/* What went wrong.  The caller owns it, zeroed, usually on its stack; functions never get NULL. */
struct wtg_err {
    int code;       /* 0, or one of enum wtg_code */
    int sys;        /* errno, when the kernel said no; else 0 */
    char text[768]; /* UTF-8, outermost context first, no full stop */
    char hint[384]; /* what to do next; empty where the text says it all */
    struct wtg_fact fact[8];
    size_t nfacts;
};

/* The row of a code: its name ("DISK_IN_USE"), exit code and sentence.  Unknown codes give the
 * row of BUG.  Never NULL. */
WTG_API const char *wtg_code_name(int code);
WTG_API int wtg_code_exit(int code);
WTG_API const char *wtg_code_text(int code);

#ifdef __cplusplus
}
#endif
#endif
