/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "tree/sd-text.h"
#include "tree/sd.h"

/* Any bytes as a security descriptor: lines of bounded number and length; one that the stricter
 * look (sd_valid) takes has an owner line; nothing is refused that was not wanted. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line(const char *text, void *user)
{
    if (strlen(text) >= 512 || ++*(size_t *)user > 3 * 8192)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct wtg_span sd = { data, size };
    char text[SID_TEXT_BYTES];
    size_t n = 0;
    bool whole = sd_lines(sd, line, &n);

    if (n == 0 || (sd_valid(sd) && n == 1 && !whole))
        abort();
    if (sd_refused(sd, SD_SYSTEM, SD_READ_EXECUTE) & ~SD_READ_EXECUTE)
        abort();
    if (sd_refused(sd, SD_ADMINISTRATORS, SD_READ_EXECUTE) & ~SD_READ_EXECUTE)
        abort();
    sid_text(sd, text, sizeof text);
    return 0;
}
