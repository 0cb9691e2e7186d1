/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_BCD_FIXTURE_H
#define TEST_BCD_FIXTURE_H

#include "boot/bcd.h"

static inline struct boot_bcd_params bcd_params(void)
{
    struct boot_bcd_params p = { .locale = "en-US",
                                 .description = "Windows 11",
                                 .time = 133406000000000000 };
    guid_parse("11111111-1111-4111-8111-111111111111", &p.system.disk);
    guid_parse("22222222-2222-4222-8222-222222222222", &p.system.partition);
    p.windows.disk = p.system.disk;
    guid_parse("33333333-3333-4333-8333-333333333333", &p.windows.partition);
    guid_parse("44444444-4444-4444-8444-444444444444", &p.loader);
    guid_parse("55555555-5555-4555-8555-555555555555", &p.resume);
    return p;
}

#endif
