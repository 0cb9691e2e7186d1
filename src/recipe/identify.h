/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_IDENTIFY_H
#define WTG_RECIPE_IDENTIFY_H

#include <stddef.h>

#include "wtg/image.h"

/* data/known-images.tsv, made by make-known. */
extern const struct wtg_known known_images[];
extern const size_t known_nimages;

/* wtg_image_identify: says there what it does. */
int identify_image(const char *path, struct wtg_job *job, struct wtg_identity *ret,
                   struct wtg_err *err) WTG_MUST_USE;

#endif
