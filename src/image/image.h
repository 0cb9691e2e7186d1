/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_IMAGE_H
#define WTG_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"
#include "blk/blk.h"
#include "codec/codec.h"
#include "tree/tree.h"

/* The one door to Windows images: a WIM, ESD or split WIM, by itself or inside an ISO.  What a file
 * is, its content says, not its name.  Nothing is ever extracted: bytes are read where they stand.
 * Everything read from an image belongs to it and lives until image_free, which therefore comes
 * after tree_free. */
struct image;

/* Opens `path`.  `inside` names the WIM in an ISO ("x86/sources/install.esd"); NULL: the first of
 * sources/install.wim, .esd, .swm, then the same below x64 and x86.  Other parts of a split image
 * are found beside the first.  Errors: IMAGE_FORMAT, IMAGE_DAMAGED (also: not complete),
 * IMAGE_PART, NOT_FOUND, PERMISSION, IO.  What is wrong with an image, the fact "image.stage" says:
 * "disc", "file" (bytes are missing), "header", "parts", "xml", "table". */
int image_open(const char *path, const char *inside, struct image **ret,
               struct wtg_err *err) WTG_MUST_USE;
/* The same over bytes that somebody holds; `b` is borrowed. Other parts of a split image cannot be
 * found. */
int image_open_blk(struct blk *b, const char *inside, struct image **ret,
                   struct wtg_err *err) WTG_MUST_USE;
void image_free(struct image *i); /* NULL is fine */

enum image_arch { /* PROCESSOR_ARCHITECTURE_*, as in the image's XML */
                  IMAGE_ARCH_X86 = 0,
                  IMAGE_ARCH_ARM = 5,
                  IMAGE_ARCH_IA64 = 6,
                  IMAGE_ARCH_X64 = 9,
                  IMAGE_ARCH_ARM64 = 12,
                  IMAGE_ARCH_UNKNOWN = -1, /* the XML does not say: no Windows */
};
const char *image_arch_name(int arch); /* "x64", "arm64", ...; "unknown" */

/* One image of the file, as its XML describes it.  Strings are UTF-8, never NULL, empty when the
 * XML is silent; numbers are then 0. */
struct image_info {
    uint32_t index; /* from 1 */
    const char *name, *description, *display_name, *display_description;
    const char *edition_id;                /* "Professional" */
    const char *flags;                     /* mostly the edition id once more */
    const char *product_name;              /* "Microsoft® Windows® Operating System" */
    const char *installation_type;         /* "Client", "Server", "WindowsPE" */
    const char *product_type;              /* "WinNT", "ServerNT" */
    const char *default_language;          /* "en-US" */
    const char *languages;                 /* all of them, with a space between */
    int arch;                              /* enum image_arch, or another number of Windows' */
    uint32_t major, minor, build, spbuild; /* 10.0.22621.525 */
    uint64_t total_bytes, hard_link_bytes;
    uint64_t file_count, dir_count;
    uint64_t created, modified; /* 100 ns since 1601-01-01 UTC */
};

enum image_container {
    IMAGE_IN_FILE, /* the file is the WIM */
    IMAGE_IN_UDF,  /* in the UDF file system of an ISO */
    IMAGE_IN_ISO,  /* in its ISO 9660 file system */
};
const char *image_container_name(enum image_container c); /* "file", "UDF", "ISO 9660" */

/* The file as a whole. */
struct image_facts {
    enum image_container container;
    const char *inside;     /* path in the ISO, as it is written there; "" without one */
    bool several_inside;    /* the ISO holds another one below x64 or x86 */
    uint64_t file_bytes;    /* of the file that was opened */
    uint64_t wim_bytes;     /* of all parts */
    uint64_t missing_bytes; /* that are not there, at the end of parts: of integrity tables */
    uint64_t content_bytes; /* of all blobs when decoded, each once */
    size_t nblobs;
    enum codec_kind kind; /* of resources that are not solid */
    uint32_t chunk_bytes;
    bool solid; /* some blobs stand in solid resources: */
    enum codec_kind solid_kind;
    uint32_t solid_chunk_bytes;
    bool has_integrity;         /* every part has an integrity table */
    uint32_t parts, boot_index; /* boot_index 0: none */
    struct guid guid;
};
struct image_facts image_facts(const struct image *i);

/* All images, by index; borrowed. */
const struct image_info *image_infos(const struct image *i, size_t *ret_n);

/* Which image is meant: `index` from 1 (0: not said) or `edition` (NULL: not said), compared
 * without case with edition id, flags, name and display name, in this order, or an index in
 * digits.  Neither: the only one.  IMAGE_CHOICE when there are several, IMAGE_INDEX when there is
 * no such one; the hint lists them. */
int image_select(const struct image *i, uint32_t index, const char *edition, uint32_t *ret,
                 struct wtg_err *err) WTG_MUST_USE;

/* The directory tree of one image, sorted.  Content stays in the image and comes through the blobs'
 * source.  The time of change, which WIMs do not keep, is the time of writing.
 * Errors: IMAGE_INDEX, IMAGE_DAMAGED, IMAGE_HASH (of the metadata), IMAGE_NAME. */
int image_load_tree(struct image *i, uint32_t index, struct tree **ret,
                    struct wtg_err *err) WTG_MUST_USE;

/* SHA-1 of one image's metadata (index from 1, as image_select gives it).  The metadata holds the
 * SHA-1 of every file, so this one number stands for the whole Windows. */
void image_metadata_sha1(const struct image *i, uint32_t index, uint8_t ret[20]);

/* All blobs that files have, each once, in the order in which they stand; metadata is not among
 * them.  `*ret` is malloc'ed, the blobs belong to the image.  tree_blob.order of each is less than
 * `*ret_orders`. */
int image_blobs(const struct image *i, const struct tree_blob ***ret, size_t *ret_n,
                size_t *ret_orders, struct wtg_err *err) WTG_MUST_USE;
/* Metadata resources of the file; as many as there are images, or it is damaged. */
size_t image_nmetadata(const struct image *i);

/* Compares all parts with their integrity tables.  `*ret_present`: there is at least one; without
 * one nothing is read.  Reads everything: progress step "verify-integrity", in bytes.
 * IMAGE_HASH when something differs. */
int image_verify_integrity(struct image *i, struct wtg_job *job, bool *ret_present,
                           struct wtg_err *err) WTG_MUST_USE;

/* How the bytes of one of an image's blobs are stored. */
struct image_stored {
    enum codec_kind kind; /* CODEC_NONE: as they are */
    uint32_t chunk_bytes; /* 0 with CODEC_NONE */
    uint64_t
        stored_bytes; /* chunk table and chunks; 0 when solid, where none belongs to one blob */
    bool solid;
};
/* False when the blob is none of a WIM's. When neither solid nor CODEC_NONE, the raw parts of the
 * pieces that a feed brings of this blob are, one after the other, its chunk table and chunks as
 * they stand in the image. */
bool image_blob_stored(const struct tree_blob *blob, struct image_stored *ret);
/* Those bytes as a blob of their own (tree_blob.content_bytes): what can be laid down without being
 * compressed again.  Only for blobs that are neither solid nor CODEC_NONE. It belongs to the image.
 */
int image_stored_blob(const struct tree_blob *blob, const struct tree_blob **ret,
                      struct wtg_err *err) WTG_MUST_USE;

#endif
