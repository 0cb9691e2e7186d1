/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Every allocation, and every read of the file, fails once: a clear error, no crash, no leak. */

#include "blk/blk.h"
#include "fixture.h"
#include "made.h"
#include "nomem.h"

static int feed_all(const struct tree *t, struct wtg_err *err)
{
    size_t n = 0;
    long left = allocations_left;
    allocations_left = -1; /* the test's own */
    const struct tree_blob **blob = fixture_blobs(t, &n);
    uint8_t *out = malloc(1 << 20), **dst = calloc(100, sizeof *dst);
    for (size_t i = 0; i < 100; i++)
        dst[i] = out;
    allocations_left = left;

    struct tree_feed *f = NULL;
    struct tree_unit u = { 0 };
    void *decoder = NULL;
    int r = tree_feed_open(blob[0]->source, blob, n, 10000, &f, err);
    if (r == 0)
        r = f->ops->decoder_new(f, &decoder, err);
    while (r == 0 && (r = f->ops->next(f, &u, err)) == 1)
        r = f->ops->decode(f, decoder, &u, dst, NULL, err);
    if (f && decoder)
        f->ops->decoder_free(f, decoder);
    tree_feed_free(f);
    tree_unit_release(&u);
    free(out);
    free(dst);
    free(blob);
    return r;
}

/* All there is to do with an image. */
static int everything(struct blk *b, struct wtg_err *err)
{
    struct image *image = NULL;
    struct tree *t = NULL;
    uint8_t part[7];
    bool present = false;
    uint32_t index = 0;

    int r = image_open_blk(b, NULL, &image, err);
    if (r == 0)
        r = image_select(image, 0, "made", &index, err);
    if (r == 0)
        r = image_load_tree(image, index, &t, err);
    if (r == 0)
        r = feed_all(t, err);
    const struct tree_link *l = r == 0 ? tree_find(t, "streams") : NULL;
    if (l)
        r = tree_blob_read(tree_data(l->node), 1, part, 3, err);
    if (r == 0)
        r = image_verify_integrity(image, NULL, &present, err);
    tree_free(t);
    image_free(image);
    return r;
}

static void walk(struct bytes w)
{
    struct wtg_err e = { 0 };
    struct blk *b = NULL;

    OK(blk_mem_wrap(w.p, w.n, &b, &e), e);
    OK(everything(b, &e), e);
    WALK_ALLOCATIONS(everything(b, &err), (void)0);
    int r = WTG_E_IO;
    for (long n = 0; r < 0 && n < 1000; n++) {
        struct blk_fault fault = { .fail_read = n, .fail_write = -1, .fail_flush = -1 };
        struct blk *bad = NULL;
        OK(blk_fault_new(b, &fault, &bad, &e), e);
        r = everything(bad, &e);
        CHECK(r == 0 || (r == WTG_E_IO && e.text[0]));
        blk_free(bad);
    }
    CHECK(r == 0);
    blk_free(b);
}

static void a_made_image(void)
{
    struct made_metadata m = made_everything();
    struct bytes w = made_wrap(m.m.p, m.m.n);
    walk(w);
    free(w.p);
    free(m.m.p);
}

static void a_file(const char *name)
{
    struct bytes w = { 0 };
    w.p = fixture_read(name, &w.n);
    REQUIRE(w.p);
    walk(w);
    free(w.p);
}

static void compressed_solid_and_in_discs(void)
{
    if (!have("wimlib-imagex") || !have("genisoimage"))
        SKIP("needs wimlib-imagex and genisoimage");
    REQUIRE(shell("mkdir -p t disc/sources; seq 9000 >t/streams; seq 3000 >t/b; : >t/empty\n"
                  "wimlib-imagex capture t lzx.wim made --check\n"
                  "wimlib-imagex capture t solid.esd made --solid --solid-chunk-size=32K\n"
                  "cp lzx.wim disc/sources/install.wim\n"
                  "genisoimage -quiet -o plain.iso disc\n"));
    a_file("lzx.wim");
    a_file("solid.esd");
    a_file("plain.iso");
}

static const struct test tests[] = { TEST(a_made_image), TEST(compressed_solid_and_in_discs) };
TEST_MAIN(tests)
