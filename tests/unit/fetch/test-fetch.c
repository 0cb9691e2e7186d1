/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ranges, heads of answers, the journal, mirrors, what to ask for. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "fetch/engine.h"

/* Ranges. */

static void extents_against_a_bitmap(void)
{
    struct wtg_err err = { 0 };
    struct extents x = { 0 };
    uint8_t bit[64];
    uint64_t state = 1;

    for (int round = 0; round < 3000; round++) {
        if (round % 30 == 0) {
            extents_release(&x);
            memset(bit, 0, sizeof bit);
        }
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t off = state >> 33 & 63, end = off + (state >> 40 & 15);
        end = end > 64 ? 64 : end;
        OK(extents_add(&x, off, end, &err), err);
        if (end > off)
            memset(bit + off, 1, end - off);
        uint64_t sum = 0, prefix = 0;
        for (size_t i = 0; i < 64; i++)
            sum += bit[i];
        while (prefix < 64 && bit[prefix])
            prefix++;
        CHECK(extents_bytes(&x) == sum && extents_prefix(&x) == prefix);
        for (size_t i = 1; i < x.n; i++)
            CHECK(x.item[i - 1].end < x.item[i].off);
        uint64_t from = state >> 50 & 63, first = from;
        struct extent gap;
        while (first < 64 && bit[first])
            first++;
        uint64_t last = first;
        while (last < 64 && !bit[last])
            last++;
        bool any = extents_gap(&x, from, 64, &gap);
        CHECK(any == (first < 64));
        if (any)
            CHECK(gap.off == first && gap.end == last);
    }
    extents_release(&x);
}

/* Heads. */

static struct head head_of(const char *text)
{
    struct head h = { 0 };

    for (const char *at = text; *at;) {
        size_t n = strcspn(at, "\n") + 1;
        head_line(&h, at, n, 1600000000);
        at += n;
    }
    return h;
}

static void content_ranges(void)
{
    static const struct {
        const char *value;
        bool bad, range, total;
        uint64_t first, last, size;
    } rows[] = {
        { "bytes 0-0/1", false, true, true, 0, 0, 1 },
        { "BYTES 5-9/10\r", false, true, true, 5, 9, 10 },
        { "bytes 5-9/*", false, true, false, 5, 9, 0 },
        { "bytes */77", false, false, true, 0, 0, 77 },
        { "bytes 5-4/10", true, false, false, 0, 0, 0 },
        { "bytes 5-10/10", true, false, false, 0, 0, 0 },
        { "bytes */*", true, false, false, 0, 0, 0 },
        { "bytes 1-2", true, false, false, 0, 0, 0 },
        { "bytes 1-2/3 4", true, false, false, 0, 0, 0 },
        { "bytes -1-2/3", true, false, false, 0, 0, 0 },
        { "lines 1-2/3", true, false, false, 0, 0, 0 },
        { "bytes 0-1/99999999999999999999", true, false, false, 0, 0, 0 },
        { "bytes 0-18446744073709551615/*", true, true, false, 0, 0, 0 },
        { "", true, false, false, 0, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[128];
        snprintf(text, sizeof text, "HTTP/1.1 206 x\r\nContent-Range: %s\n", rows[i].value);
        struct head h = head_of(text);
        CHECK(h.status == 206 && h.bad_range == rows[i].bad);
        if (rows[i].bad)
            continue;
        CHECK(h.has_range == rows[i].range && h.has_total == rows[i].total);
        CHECK(!h.has_range || (h.first == rows[i].first && h.last == rows[i].last));
        CHECK(!h.has_total || h.total == rows[i].size);
    }
    struct head twice =
        head_of("HTTP/1.1 206\nContent-Range: bytes 0-1/9\nContent-Range: bytes 2-3/9\n");
    CHECK(twice.bad_range && !twice.has_range);
}

static void other_fields(void)
{
    struct head h = head_of("HTTP/1.1 302 Found\r\nLocation: https://x/y\r\nETag: \"old\"\r\n\r\n"
                            "HTTP/1.1 200 OK\r\nContent-Length:  123 \r\nETag: W/\"a b\"\r\n"
                            "last-modified: Sun, 13 Sep 2020 12:26:40 GMT\r\n"
                            "Transfer-Encoding: gzip, chunked\r\nContent-Encoding: x-gzip\r\n");
    CHECK(h.status == 200 && h.has_length && h.length == 123 && h.chunked);
    CHECK(strcmp(h.etag, "W/\"a b\"") == 0 && strcmp(h.encoding, "x-gzip") == 0 && !h.location[0]);
    CHECK(strcmp(h.modified, "Sun, 13 Sep 2020 12:26:40 GMT") == 0 && h.retry_after_s == -1);
    h = head_of("HTTP/2 503\nRetry-After: 17\nContent-Encoding: identity\nContent-Length: 12x\n");
    CHECK(h.status == 503 && h.retry_after_s == 17 && !h.encoding[0] && !h.has_length);
    h = head_of("HTTP/1.1 503 x\nRetry-After: Sun, 13 Sep 2020 12:27:40 GMT\n");
    CHECK(h.retry_after_s == 60);
    h = head_of("HTTP/1.1 503 x\nRetry-After: Sun, 13 Sep 2000 12:27:40 GMT\n");
    CHECK(h.retry_after_s == 0);
    h = head_of("HTTP/1.1 503 x\nRetry-After: soon\nno colon\n: nothing\n");
    CHECK(h.retry_after_s == -1);
}

/* The journal. */

/* Lines with their sums; `rest` lines end with '\n'. */
static size_t make_journal(char *to, size_t cap, const char *rest)
{
    size_t n = 0;

    for (const char *at = rest; *at;) {
        size_t len = strcspn(at, "\n");
        n += (size_t)snprintf(to + n, cap - n, "%08x %.*s\n",
                              (unsigned)(uint32_t)hash_quick(at, len), (int)len, at);
        at += len + 1;
    }
    return n;
}

static int parse(const char *text, size_t n, const char *boot, struct journal_state *s,
                 struct wtg_err *err)
{
    return journal_parse((struct wtg_span){ (const uint8_t *)text, n }, boot, s, err);
}

static const char sample[] = "wtg-fetch 1\nboot abc\nsize 1000\n"
                             "guard https://x/%20y https://z/ \"t\" -\n"
                             "have 0 100\nhave 500 600\nsynced 1\nhave 100 200\n";

static void journal_same_boot_or_not(void)
{
    struct wtg_err err = { 0 };
    AUTO_FREE struct journal_state *s = calloc(1, sizeof *s);
    char text[1000];
    size_t n = make_journal(text, sizeof text, sample);

    OK(parse(text, n, "abc", s, &err), err);
    CHECK(s->has_size && s->size == 1000 && s->nguards == 1);
    CHECK(strcmp(s->guard[0].url, "https://x/ y") == 0 && strcmp(s->guard[0].etag, "\"t\"") == 0);
    CHECK(!s->guard[0].modified[0] && strcmp(s->guard[0].place, "https://z/") == 0);
    CHECK(extents_bytes(&s->have) == 300 && extents_prefix(&s->have) == 200);
    journal_state_release(s);
    OK(parse(text, n, "other", s, &err), err);
    CHECK(extents_bytes(&s->have) == 100);
    journal_state_release(s);
    OK(parse(text, n, "", s, &err), err);
    CHECK(extents_bytes(&s->have) == 100);
    journal_state_release(s);
}

static void journal_torn_at_every_byte(void)
{
    struct wtg_err err = { 0 };
    AUTO_FREE struct journal_state *s = calloc(1, sizeof *s);
    char text[1000];
    size_t n = make_journal(text, sizeof text, sample), first = strcspn(text, "\n") + 1;
    uint64_t before = 0;

    for (size_t cut = 0; cut < n; cut++) {
        char *torn = malloc(cut + 1); /* its end is the end of memory */
        REQUIRE(torn);
        memcpy(torn, text, cut);
        int r = parse(torn, cut, "abc", s, &err);
        free(torn);
        CHECK((r == 0) == (cut >= first));
        CHECK(extents_bytes(&s->have) >= before && extents_bytes(&s->have) <= 300);
        before = extents_bytes(&s->have);
        journal_state_release(s);
    }
}

static void journal_damaged_at_every_byte(void)
{
    struct wtg_err err = { 0 };
    AUTO_FREE struct journal_state *s = calloc(1, sizeof *s);
    char text[1000];
    size_t n = make_journal(text, sizeof text, sample);

    for (size_t i = 0; i < n; i++) {
        text[i] ^= 4;
        if (parse(text, n, "abc", s, &err) == 0) {
            CHECK(extents_bytes(&s->have) <= 300 && (!s->has_size || s->size == 1000));
            journal_state_release(s);
        }
        text[i] ^= 4;
    }
}

static void journal_lines_that_make_no_sense(void)
{
    static const char *const rows[] = {
        "have 100 100",
        "have 200 100",
        "have 0 1001",
        "have 0",
        "have x 5",
        "have 0 18446744073709551615",
        "have 0 99999999999999999999999",
        "synced 9",
        "guard a b c",
        "guard %zz b c d",
        "nonsense 1",
        "boot ",
    };
    struct wtg_err err = { 0 };
    AUTO_FREE struct journal_state *s = calloc(1, sizeof *s);
    char rest[400], text[1000];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        snprintf(rest, sizeof rest, "wtg-fetch 1\nboot abc\nsize 1000\nhave 0 10\n%s\nhave 10 20\n",
                 rows[i]);
        OK(parse(text, make_journal(text, sizeof text, rest), "abc", s, &err), err);
        CHECK(extents_bytes(&s->have) == 10);
        journal_state_release(s);
    }
    CHECK(parse("", 0, "abc", s, &err) == WTG_E_IMAGE_FORMAT);
    CHECK(parse(text, make_journal(text, sizeof text, "wtg-fetch 2\n"), "abc", s, &err) ==
          WTG_E_IMAGE_FORMAT);
}

/* A line that promised more than was told counted for the reader after it was refused. */
static void journal_synced_more_than_told(void)
{
    struct wtg_err err = { 0 };
    AUTO_FREE struct journal_state *s = calloc(1, sizeof *s);
    char text[1000];
    size_t n = make_journal(text, sizeof text, "wtg-fetch 1\nboot abc\nsynced 1\n");

    OK(parse(text, n, "other", s, &err), err);
    CHECK(s->have.n == 0);
}

static void journal_round_trip(void)
{
    struct wtg_err err = { 0 };
    AUTO_FREE struct journal_state *s = calloc(2, sizeof *s);
    struct journal_state *t = s + 1;
    char path[] = "/tmp/wtg-journal-XXXXXX";
    struct journal *j = NULL;
    int fd = mkstemp(path);

    REQUIRE(s && fd >= 0);
    close(fd);
    s->has_size = true;
    s->size = 5000;
    s->nguards = 1;
    snprintf(s->guard[0].url, sizeof s->guard[0].url, "https://x/100%% sure\n");
    snprintf(s->guard[0].etag, sizeof s->guard[0].etag, "-");
    snprintf(s->wrong, sizeof s->wrong, "SHA-256 00");
    OK(extents_add(&s->have, 10, 20, &err), err);
    OK(journal_open(path, s, &j, &err), err);
    OK(journal_have(j, 20, 30, &err), err);
    CHECK(journal_told(j) == 2);
    OK(journal_have(j, 40, 50, &err), err);
    journal_close(j);
    OK(journal_load(path, t, &err), err);
    CHECK(extents_bytes(&t->have) == 30); /* this boot, so what was not synced counts too */
    CHECK(strcmp(t->guard[0].url, s->guard[0].url) == 0 && strcmp(t->guard[0].etag, "-") == 0);
    CHECK(strcmp(t->wrong, s->wrong) == 0);
    journal_state_release(s);
    journal_state_release(t);
    unlink(path);
    CHECK(journal_load(path, t, &err) == WTG_E_NOT_FOUND);
}

/* Addresses and mirrors. */

static void addresses(void)
{
    struct wtg_err err = { 0 };
    char *text = NULL;

    OK(net_shown("https://me:secret@x.example/a%20b?token=1#part", false, &text, &err), err);
    CHECK(strcmp(text, "https://x.example/a%20b?token=1") == 0);
    free(text);
    OK(net_shown("https://me:secret@x.example/a?token=1", true, &text, &err), err);
    CHECK(strcmp(text, "https://x.example/a") == 0);
    free(text);
    OK(net_name("http://x/dir/Windows%2010.iso?x=/y", &text, &err), err);
    CHECK(strcmp(text, "Windows 10.iso") == 0);
    free(text);
    static const char *const nameless[] = { "http://x/",       "http://x",       "http://x/a/",
                                            "http://x/%2e%2e", "http://x/a%2fb", "http://x/a%0ab",
                                            "http://x/a%00b" };
    for (size_t i = 0; i < ARRAY_LEN(nameless); i++)
        CHECK(net_name(nameless[i], &text, &err) == WTG_E_USAGE);
    static const char *const wrong[] = { "",          "x",
                                         "ftp://x/y", "file:///etc/passwd",
                                         "http://",   "https://x y/" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(net_check_url(wrong[i], &err) == WTG_E_USAGE);
    OK(net_check_url("https://x/y", &err), err);
}

static void guards(void)
{
    static const struct {
        struct guard a, b;
        enum guard_answer want;
    } rows[] = {
        { { "u", "p", "1", "d" }, { "u", "p", "1", "d" }, GUARD_SAME },
        { { "u", "p", "1", "d" }, { "u", "p", "2", "d" }, GUARD_CHANGED },
        { { "u", "p", "1", "d" }, { "u", "p", "1", "e" }, GUARD_CHANGED },
        { { "u", "p", "1", "d" }, { "u", "p", "", "" }, GUARD_UNSURE },
        { { "u", "p", "1", "d" }, { "u", "p", "", "d" }, GUARD_SAME },
        { { "u", "p", "", "" }, { "u", "p", "", "" }, GUARD_SAME },
        { { "u", "p", "", "d" }, { "u", "p", "2", "e" }, GUARD_CHANGED },
        { { "u", "p", "1", "d" }, { "u", "q", "2", "d" }, GUARD_SAME },
        { { "u", "p", "1", "d" }, { "u", "q", "2", "e" }, GUARD_UNSURE },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(guard_compare(&rows[i].a, &rows[i].b) == rows[i].want);
}

static void the_fastest_mirror_is_asked(void)
{
    struct wtg_err err = { 0 };
    struct mirror *m = calloc(3, sizeof *m);
    const struct wtg_net_opts net = net_defaults(&(struct wtg_net_opts){ .tries = 3 });

    REQUIRE(m);
    for (int i = 0; i < 3; i++)
        OK(mirror_init(&m[i], "https://x/y", 4, &err), err);
    CHECK(mirror_choose(m, 3, 0) == &m[0]); /* all are new: each is measured once */
    m[0].active = 1;
    CHECK(mirror_choose(m, 3, 0) == &m[1]);
    mirror_measure(&m[1], 1 << 20, 1);
    CHECK(mirror_choose(m, 3, 0) == &m[2]);
    mirror_measure(&m[0], 1 << 20, 2);
    mirror_measure(&m[2], 4 << 20, 2);
    CHECK(mirror_choose(m, 3, 0) == &m[2]);
    m[2].active = 4;
    CHECK(mirror_choose(m, 3, 0) == &m[1]);
    wtg_fail(&err, WTG_E_NETWORK, "x");
    mirror_fault(&m[1], &net, net_now(), 0, 5, &err);
    CHECK(m[1].not_before > net_now() + 4 && m[1].max_active == 2 && !m[1].dead);
    CHECK(mirror_choose(m, 3, net_now()) == &m[0]);
    CHECK(mirror_choose(m, 3, net_now() + 6) == &m[1]);
    mirror_fault(&m[1], &net, net_now() - 60, 0, -1, &err); /* the same outage */
    CHECK(m[1].faults == 1);
    m[1].got_bytes = 1 << 20;
    mirror_fault(&m[1], &net, net_now(), 0, -1, &err);
    CHECK(!m[1].dead);
    mirror_fault(&m[1], &net, net_now(), 0, -1, &err);
    CHECK(m[1].dead && m[1].why.code == WTG_E_NETWORK);
    mirror_fault(&m[0], &net, net_now(), 0, 3600, &err);
    CHECK(m[0].dead); /* nobody waits for an hour */
    for (int i = 0; i < 3; i++)
        mirror_release(&m[i]);
    free(m);
}

static void backoff_doubles_with_jitter(void)
{
    for (unsigned n = 1; n < 40; n++) {
        double middle = n < 10 ? 0.1 * (1 << (n - 1)) : 30, wait = net_backoff(n);
        middle = middle > 30 ? 30 : middle;
        CHECK(wait >= middle * 0.49 && wait <= middle * 1.51);
    }
}

/* What to ask for. */

static void work_covers_all_once(void)
{
    struct wtg_err err = { 0 };
    struct engine *e = calloc(1, sizeof *e);
    struct mirror *m;
    struct extent span;

    REQUIRE(e);
    e->net = net_defaults(&(struct wtg_net_opts){ .connections = 3 });
    e->nmirrors = 1;
    m = &e->mirror[0];
    CHECK(engine_work(e, m, &span) && span.off == 0 && span.end == ENGINE_PIECE);
    e->conn[0].m = m; /* nobody asks while the size is not known */
    CHECK(!engine_work(e, m, &span));
    e->has_size = true;
    e->size = 200000001;
    e->conn[0].at = 0;
    e->conn[0].end = ENGINE_PIECE;
    m->rate = 1e9;
    uint64_t sum = ENGINE_PIECE;
    OK(extents_add(&e->have, 100000000, 100000100, &err), err);
    for (int i = 0; i < 1000 && engine_work(e, m, &span); i++) {
        CHECK(span.off < span.end && span.end <= e->size);
        sum += span.end - span.off;
        OK(extents_add(&e->have, span.off, span.end, &err), err);
        e->have_bytes = extents_bytes(&e->have);
    }
    CHECK(sum == e->size - 100);
    extents_release(&e->have);
    free(e);
}

static void a_slow_rest_is_shared(void)
{
    struct engine *e = calloc(1, sizeof *e);
    struct mirror *m;
    struct extent span;

    REQUIRE(e);
    e->net = net_defaults(&(struct wtg_net_opts){ .connections = 2 });
    e->nmirrors = 1;
    m = &e->mirror[0];
    m->rate = 3e6;
    e->has_size = true;
    e->size = 4 << 20;
    e->conn[0] = (struct conn){ .e = e,
                                .m = m,
                                .verdict = VERDICT_TAKE,
                                .end = e->size,
                                .began = 1,
                                .mark_time = 2,
                                .rate = 1e5 };
    REQUIRE(engine_work(e, m, &span));
    CHECK(span.end == e->size && span.off == e->conn[0].end && span.off < 300000 &&
          span.off > 100000);
    e->conn[0].end = e->size;
    e->conn[0].rate = 2e6; /* not slower by half: it may finish */
    CHECK(!engine_work(e, m, &span));
    free(e);
}

static const struct test tests[] = {
    TEST(extents_against_a_bitmap),
    TEST(content_ranges),
    TEST(other_fields),
    TEST(journal_same_boot_or_not),
    TEST(journal_torn_at_every_byte),
    TEST(journal_damaged_at_every_byte),
    TEST(journal_lines_that_make_no_sense),
    TEST(journal_synced_more_than_told),
    TEST(journal_round_trip),
    TEST(addresses),
    TEST(guards),
    TEST(the_fastest_mirror_is_asked),
    TEST(backoff_doubles_with_jitter),
    TEST(work_covers_all_once),
    TEST(a_slow_rest_is_shared),
};
TEST_MAIN(tests)
