/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw images, packed and not: what a file is, how long it says it is, and its bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/raw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { READ_AT_ONCE = 100000, READ_AT_MOST = 16 << 20 };

static void read_all(struct raw *r, struct wtg_err *err)
{
    uint8_t *buf = malloc(READ_AT_ONCE);
    size_t got = READ_AT_ONCE;

    for (uint64_t off = 0; buf && off < READ_AT_MOST && got == READ_AT_ONCE; off += got + got / 3)
        if (raw_read(r, off, buf, READ_AT_ONCE, &got, err) < 0)
            break;
    free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct wtg_err err = { 0 };
    struct raw *r = NULL;
    int fd = memfd_create("raw", MFD_CLOEXEC);

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size && raw_open(path, &r, &err) == 0) {
        struct hash *h = NULL;
        if (hash_new(HASH_SHA256, &h, &err) == 0)
            raw_hash_file(r, h);
        read_all(r, &err);
        (void)!raw_finish(r, &err);
        hash_free(h);
    }
    raw_free(r);
    if (fd >= 0)
        close(fd);
    return 0;
}
