/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wtg/verify.h"

#include "base/mem.h"

static const struct {
    const char *slug, *text;
} checks[] = {
#define C(name, slug, text) { slug, text },
    WTG_VERIFY_CHECKS(C)
#undef C
};
static const char *const states[] = { "fine", "warning", "failed", "skipped" };

const char *wtg_verify_slug(enum wtg_verify_check check)
{
    return checks[check].slug;
}

const char *wtg_verify_text(enum wtg_verify_check check)
{
    return checks[check].text;
}

const char *wtg_verify_state_slug(enum wtg_verify_state state)
{
    return states[state];
}
