/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/bcd.h"
#include "patch.h"

/* By the first byte: 0, a device element; 1, values of elements, each "id (4 bytes), type, length,
 * data"; else a store, changed at random places. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_store(struct wtg_span bytes)
{
    struct wtg_err err = { 0 };
    struct boot_bcd b = { 0 };
    char *text = NULL;
    if (boot_bcd_decode(bytes, &b, &err) < 0)
        return;
    if (boot_bcd_text(&b, &text, &err) == 0)
        free(text);
    boot_bcd_release(&b);
}

static void read_elements(const uint8_t *data, size_t size)
{
    char small[9], text[600];
    while (size >= 6) {
        struct boot_bcd_element e = { .key = "x", .id = le32_at(data), .present = data[4] != 0xff };
        size_t n = data[5] < size - 6 ? data[5] : size - 6;
        e.type = (enum hive_reg)(data[4] % 12);
        e.data = (struct wtg_span){ data + 6, n };
        boot_bcd_element_text(&e, text, sizeof text);
        boot_bcd_element_text(&e, small, sizeof small);
        boot_bcd_element_name(le32_at(data), e.id);
        data += 6 + n;
        size -= 6 + n;
    }
}

static uint8_t *good_store(size_t *n)
{
    struct wtg_err err = { 0 };
    uint8_t *bytes = NULL;
    struct boot_bcd_params p = { .description = "Windows 11", .loader.b = { 1 } };
    if (boot_bcd_build(&p, &bytes, n, &err) < 0)
        abort();
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t *good;
    static size_t n;
    char text[600];
    if (size == 0)
        return 0;
    if (data[0] == 0) {
        boot_device_text((struct wtg_span){ data + 1, size - 1 }, text, sizeof text);
    } else if (data[0] == 1) {
        read_elements(data + 1, size - 1);
    } else {
        if (!good)
            good = good_store(&n);
        uint8_t *bytes = patched(good, n, data + 1, size - 1);
        if (bytes)
            read_store((struct wtg_span){ bytes, n });
        free(bytes);
    }
    return 0;
}
