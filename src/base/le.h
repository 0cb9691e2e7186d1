/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BASE_LE_H
#define WTG_BASE_LE_H

/* Little-endian integers as they stand on disk.  Structs of bytes: alignment 1, so no packed
 * structs and no unaligned reads, and using one as a number by mistake does not compile. */

#include <stdint.h>
#include <string.h>

typedef struct { uint8_t b[2]; } le16;
typedef struct { uint8_t b[4]; } le32;
typedef struct { uint8_t b[8]; } le64;

static inline uint16_t le16_at(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] | (unsigned)b[1] << 8);
}

static inline uint32_t le32_at(const void *p)
{
    const uint8_t *b = p;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t le64_at(const void *p)
{
    const uint8_t *b = p;
    return le32_at(b) | (uint64_t)le32_at(b + 4) << 32;
}

static inline void put_le16(void *p, uint16_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(void *p, uint32_t v)
{
    uint8_t *b = p;
    put_le16(b, (uint16_t)v);
    put_le16(b + 2, (uint16_t)(v >> 16));
}

static inline void put_le64(void *p, uint64_t v)
{
    uint8_t *b = p;
    put_le32(b, (uint32_t)v);
    put_le32(b + 4, (uint32_t)(v >> 32));
}

static inline uint16_t get_le16(le16 v) { return le16_at(v.b); }
static inline uint32_t get_le32(le32 v) { return le32_at(v.b); }
static inline uint64_t get_le64(le64 v) { return le64_at(v.b); }

static inline le16 to_le16(uint16_t v) { le16 r; put_le16(r.b, v); return r; }
static inline le32 to_le32(uint32_t v) { le32 r; put_le32(r.b, v); return r; }
static inline le64 to_le64(uint64_t v) { le64 r; put_le64(r.b, v); return r; }

#endif
