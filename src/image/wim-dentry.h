/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_WIM_DENTRY_H
#define WTG_IMAGE_WIM_DENTRY_H

#include "image/wim.h"

/* One name as the metadata has it, checked against its bounds; spans point into the metadata. */
struct wim_dentry {
    uint32_t attributes;
    int32_t security;  /* index, or -1 */
    uint64_t children; /* offset; 0: none */
    uint64_t created, accessed, written;
    const uint8_t *sha1;
    uint64_t group; /* of hard links; 0: none */
    uint32_t reparse_tag;
    uint16_t reparse_reserved;
    struct wtg_span name, short_name; /* UTF-16LE */
    struct wtg_span tagged;           /* tagged items */
    struct wtg_span streams;          /* extra streams */
    uint16_t nstreams;
    uint64_t next; /* offset of what follows in the directory */
};

/* 1: there is one at `off`; 0: the directory ends there; negative: error. */
int wim_dentry_at(struct wtg_span metadata, uint64_t off, struct wim_dentry *ret,
                  struct wtg_err *err) WTG_MUST_USE;

/* The extra stream at `*off` of d->streams, and moves on.  `*ret_name` is UTF-16LE. */
int wim_stream_at(const struct wim_dentry *d, uint64_t *off, struct wtg_span *ret_name,
                  const uint8_t **ret_sha1, struct wtg_err *err) WTG_MUST_USE;

/* The data of the first tagged item of this kind, or an empty span when there is none. */
int wim_tagged(const struct wim_dentry *d, uint32_t tag, struct wtg_span *ret,
               struct wtg_err *err) WTG_MUST_USE;

/* The SHA-1 of the file's content without name; zeroes when it is empty. wim-node.c */
int wim_data_sha1(const struct wim_dentry *d, const uint8_t **ret,
                  struct wtg_err *err) WTG_MUST_USE;

/* wim-node.c: times, reparse tag, object id, extended attributes and streams of a node; `w` finds
 * the blobs. */
int wim_node_fill(const struct wim *w, struct tree *t, struct tree_node *node,
                  const struct wim_dentry *d, struct wtg_err *err) WTG_MUST_USE;

#endif
