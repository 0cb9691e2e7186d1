/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_UDF_H
#define WTG_IMAGE_UDF_H

#include "blk/blk.h"

/* The UDF file system of a disc image, through libudfread.  That library writes to stderr when a
 * file system is damaged; there is no switch for it. */
struct udf;
/* IMAGE_DAMAGED when there is none that libudfread can read. */
int udf_open(struct blk *b, struct udf **ret, struct wtg_err *err) WTG_MUST_USE;
void udf_free(struct udf *u); /* NULL is fine */

/* As iso_find. */
int udf_find(struct udf *u, const char *path, struct blk **ret, char **ret_path,
             struct wtg_err *err) WTG_MUST_USE;

#endif
