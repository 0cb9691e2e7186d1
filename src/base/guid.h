/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BASE_GUID_H
#define WTG_BASE_GUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A GUID as it stands on disk: first three groups little endian ("mixed endian"), the form of
 * GPT, BCD device elements and NTFS object ids alike. */
struct guid {
    uint8_t b[16];
};

enum { GUID_TEXT_BYTES = 37 };
/* "9dea862c-5cdd-4e70-acc1-f32b344d4795": lower case, no braces, with a NUL. */
void guid_text(const struct guid *g, char text[GUID_TEXT_BYTES]);
/* Reads 36 characters, either case, optional braces around. */
bool guid_parse(const char *text, struct guid *ret);

/* The seed of a plan: everything random in it comes from here, so that the same seed gives the
 * same bytes. */
struct seed {
    uint8_t b[32];
};
/* From any text; the same text gives the same seed. */
struct seed seed_from_text(const char *text);
/* From the kernel's random numbers. */
struct seed seed_random(void);
/* A version 4 GUID for one purpose ("disk", "esp"): SHA-256 of seed and label. */
struct guid seed_guid(const struct seed *s, const char *label);
/* Sixty-four bits for one purpose, never 0. */
uint64_t seed_u64(const struct seed *s, const char *label);

#endif
