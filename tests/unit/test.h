/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TEST_H
#define WTG_TEST_H

/* A test program is a table of functions; it prints TAP and exits 1 when one failed.
 *
 *     static void truncated_header_is_refused(void) { CHECK(parse(...) == WTG_E_IMAGE_FORMAT); }
 *     static const struct test tests[] = { TEST(truncated_header_is_refused) };
 *     TEST_MAIN(tests)
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
};
#define TEST(function) { #function, function }

static bool test_failed;
static const char *test_skipped;

/* Records a failure and goes on. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);                                    \
            test_failed = true;                                                                    \
        }                                                                                          \
    } while (0)
/* Records a failure and leaves the test function. */
#define REQUIRE(cond)                                                                              \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);                                    \
            test_failed = true;                                                                    \
            return;                                                                                \
        }                                                                                          \
    } while (0)
/* A call that must return 0; shows err.text when it does not. */
#define OK(call, err)                                                                              \
    do {                                                                                           \
        int ok_ = (call);                                                                          \
        if (ok_ != 0) {                                                                            \
            printf("# %s:%d: %s = %d: %s\n", __FILE__, __LINE__, #call, ok_, (err).text);          \
            test_failed = true;                                                                    \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define SKIP(why)                                                                                  \
    do {                                                                                           \
        test_skipped = (why);                                                                      \
        return;                                                                                    \
    } while (0)

/* Runs a table; for programs that have something to prepare. */
static int test_run(const struct test *table, size_t n)
{
    bool any = false;

    printf("1..%zu\n", n);
    for (size_t i = 0; i < n; i++) {
        test_failed = false;
        test_skipped = NULL;
        table[i].run();
        printf("%s %zu - %s", test_failed ? "not ok" : "ok", i + 1, table[i].name);
        if (test_skipped)
            printf(" # SKIP %s", test_skipped);
        printf("\n");
        fflush(stdout);
        any |= test_failed;
    }
    return any;
}

#define TEST_MAIN(table)                                                                           \
    int main(void)                                                                                 \
    {                                                                                              \
        return test_run(table, sizeof(table) / sizeof((table)[0]));                                \
    }

#endif
