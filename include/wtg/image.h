/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_H
#define WTG_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/error.h"
#include "wtg/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One Windows in an image file, as its XML describes it.  Strings are UTF-8 and never NULL; ""
 * where the image does not say.  They belong to the wtg_image. */
struct wtg_edition {
    unsigned index;            /* from 1 */
    const char *name;          /* "Windows 11 Pro" */
    const char *display_name;  /* the same for people, in the image's language; may be "" */
    const char *description;
    const char *edition_id;    /* "Professional" */
    const char *architecture;  /* "x64", "arm64", "x86", ... */
    const char *version;       /* "10.0.22631.2861" */
    uint32_t build;            /* 22631; 0: not known */
    const char *languages;     /* "en-US zh-CN", the default language first */
    uint64_t total_bytes;      /* of all files, hard links counted once */
    uint64_t files, directories;
    uint64_t created, modified; /* 100 ns since 1601-01-01 UTC; 0: not known */
};

struct wtg_image_info {
    const char *path;        /* as it was given */
    const char *container;   /* "ISO (UDF)", "ISO 9660", or "" when the file is a WIM itself */
    const char *member;      /* "sources/install.wim"; "" without container */
    bool several_inside;     /* the ISO holds another one, for another architecture */
    const char *compression; /* "LZX", "XPRESS", "LZMS", "none" */
    uint32_t chunk_bytes;
    bool solid;              /* several files share one compressed resource (ESD) */
    bool integrity;          /* it has an integrity table */
    unsigned parts;          /* of a split image; 1 otherwise */
    uint64_t file_bytes;     /* of all parts, or of the member inside the ISO */
    char guid[37];
    unsigned boot_index;     /* 0: none */
    unsigned neditions;
    const struct wtg_edition *edition;
};

struct wtg_image;

/* Opens an ISO, WIM, ESD or the first part of a split WIM (found by content, not by name) and reads
 * its tables.  `inside` names the WIM of an ISO that holds several; NULL: the first that Windows'
 * own setup would find.  Blocks on reading; writes nothing.  IO, NOT_FOUND, IMAGE_FORMAT, IMAGE_DAMAGED,
 * IMAGE_PART. */
WTG_API int wtg_image_open(const char *path, const char *inside, struct wtg_image **ret, struct wtg_err *err) WTG_MUST_USE;
WTG_API void wtg_image_free(struct wtg_image *image);
WTG_API const struct wtg_image_info *wtg_image_info(const struct wtg_image *image);

/* One name in one edition. */
struct wtg_entry {
    const char *path;    /* "\Windows\notepad.exe" */
    uint64_t size_bytes; /* of the unnamed stream */
    uint32_t attributes; /* FILE_ATTRIBUTE_* */
    uint32_t links;      /* names of this file */
    uint32_t streams;    /* named ones */
    uint64_t written;    /* 100 ns since 1601-01-01 UTC */
};

/* Calls `each` for every name, directories before what is in them, in the order of NTFS.  Stops
 * when it returns anything but 0.  `index` 0 is fine when there is only one edition.  IMAGE_CHOICE,
 * IMAGE_INDEX, IMAGE_DAMAGED. */
WTG_API int wtg_image_list(struct wtg_image *image, unsigned index,
                   int (*each)(const struct wtg_entry *entry, void *user), void *user,
                   struct wtg_err *err) WTG_MUST_USE;

/* An image that its publisher, or a well-kept list, names with its SHA-256. */
struct wtg_known {
    const char *name;
    uint32_t build;
    const char *architecture, *language;
    uint64_t size_bytes;
    const char *sha256; /* hex, lower case */
    const char *source; /* the address where that is said */
};
struct wtg_identity {
    char sha256[65];
    uint64_t size_bytes;
    const struct wtg_known *known;     /* this very file; NULL: none that is known here */
    const struct wtg_known *same_size; /* one as long; a hint, no proof; NULL: none */
};
/* Which published image is this file?  Reads all of it.  Progress: step "hash-image", in bytes.
 * NOT_FOUND, PERMISSION, IO, NOMEM, CANCELLED. */
WTG_API int wtg_image_identify(const char *path, struct wtg_job *job, struct wtg_identity *ret,
                               struct wtg_err *err) WTG_MUST_USE;

/* Would Microsoft support Windows To Go with this edition?  All others work as well, but nobody
 * promises it. */
enum wtg_togo {
    WTG_TOGO_OFFICIAL,   /* Enterprise and Education, Windows 8 to 10 1909 */
    WTG_TOGO_LATER,      /* the same editions, after Microsoft ended it (10 2004 and later) */
    WTG_TOGO_UNOFFICIAL, /* an edition that it was never made for */
    WTG_TOGO_OLD,        /* before Windows 8: it does not start from USB */
    WTG_TOGO_UNKNOWN,    /* the image does not say what it is */
};
WTG_API enum wtg_togo wtg_togo_support(const struct wtg_edition *e);

/* What only the directories of an edition tell. */
struct wtg_image_needs {
    uint64_t plain_bytes, compact_bytes; /* space on the volume, about */
    bool has_boot_manager;
    char ca[16];    /* who signed it: slug of enum wtg_sign_ca; "" when not signed */
    bool ca_2023;   /* a boot manager signed under Windows UEFI CA 2023 is there, too */
    bool has_svn;   /* security version of the boot manager */
    uint16_t svn_major, svn_minor;
};
/* Errors as wtg_image_list. */
WTG_API int wtg_image_needs(struct wtg_image *image, unsigned index, struct wtg_image_needs *ret,
                            struct wtg_err *err) WTG_MUST_USE;

struct wtg_extract_opts {
    unsigned index; /* 0: the only one */
    const char *to; /* a folder, made when it is not there; NULL: all content goes to `fd` */
    int fd;
};
struct wtg_extract_report {
    uint64_t files, directories, bytes;
    uint64_t links_left;   /* links (reparse points) and EFS-encrypted files, which are left out */
    uint64_t streams_left; /* named streams, which are left out */
};
/* Takes files and whole directories out of one Windows: paths without case, with '/' or '\\', or
 * patterns with * ? [].  Each goes below `to` by its own name.  Files that are there already are
 * never touched: EXISTS.  Content is compared with its SHA-1: IMAGE_HASH.  NOT_FOUND, IMAGE_CHOICE,
 * IMAGE_INDEX, IMAGE_DAMAGED, NO_SPACE, PERMISSION.  Progress: step "extract", in bytes. */
WTG_API int wtg_image_extract(struct wtg_image *image, const char *const *path, size_t n,
                              const struct wtg_extract_opts *opts, struct wtg_job *job,
                              struct wtg_extract_report *ret, struct wtg_err *err) WTG_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
