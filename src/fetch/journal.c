/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/mem.h"
#include "fetch/file.h"

static const char first_line[] = "wtg-fetch 1";
enum {
    SUM_DIGITS = 8,
    /* A guard whose every byte is escaped. */
    LINE_BYTES = 3 * (2 * JOURNAL_URL_BYTES + HEAD_TAG_BYTES + HEAD_DATE_BYTES) + 64,
};

void journal_state_release(struct journal_state *s)
{
    extents_release(&s->have);
}

/* Lines: eight hex digits over the rest, a space, the rest. */

static void line_sum(const char *rest, size_t n, char sum[SUM_DIGITS + 1])
{
    snprintf(sum, SUM_DIGITS + 1, "%08" PRIx32, (uint32_t)hash_quick(rest, n));
}

/* The next whole line of `text`, without its sum; false at the end or at the first that is torn. */
static bool next_line(struct wtg_span *text, char *line)
{
    const char *p = (const char *)text->p, *end = text->n ? memchr(p, '\n', text->n) : NULL;
    char sum[SUM_DIGITS + 1];
    size_t n = end ? (size_t)(end - p) : 0;

    if (n <= SUM_DIGITS + 1 || n - SUM_DIGITS - 1 >= LINE_BYTES || p[SUM_DIGITS] != ' ')
        return false;
    const char *rest = p + SUM_DIGITS + 1;
    size_t len = n - SUM_DIGITS - 1;
    line_sum(rest, len, sum);
    if (memcmp(p, sum, SUM_DIGITS) != 0 || memchr(rest, '\0', len))
        return false;
    memcpy(line, rest, len);
    line[len] = '\0';
    *text = span_sub(*text, n + 1, text->n - n - 1);
    return true;
}

/* Words: what is not visible, '%' and spaces as %XX; an empty one as "-". */

static size_t escape(char *to, const char *word)
{
    static const char digit[] = "0123456789abcdef";
    size_t n = 0;

    if (!*word)
        to[n++] = '-';
    for (bool first = true; *word; word++, first = false) {
        unsigned char c = (unsigned char)*word;
        if (c <= ' ' || c > '~' || c == '%' || (first && c == '-')) {
            to[n++] = '%';
            to[n++] = digit[c >> 4];
            to[n++] = digit[c & 15];
        } else {
            to[n++] = (char)c;
        }
    }
    to[n] = '\0';
    return n;
}

static bool take_word(char **at, char *to, size_t cap)
{
    char *word = strsep(at, " ");
    size_t n = 0;

    if (!word || !*word)
        return false;
    if (strcmp(word, "-") == 0)
        word++;
    for (; *word; word++) {
        uint8_t c = (uint8_t)*word;
        if (c == '%') {
            if (!word[1] || !word[2] || !hash_unhex(word + 1, 1, &c) || c == 0)
                return false;
            word += 2;
        }
        if (n + 1 >= cap)
            return false;
        to[n++] = (char)c;
    }
    to[n] = '\0';
    return true;
}

static bool take_number(char **at, uint64_t *ret)
{
    char *word = strsep(at, " "), *end;

    if (!word || *word < '0' || *word > '9')
        return false;
    errno = 0;
    *ret = strtoull(word, &end, 10);
    return !*end && errno == 0;
}

/* Reading. */

struct replay {
    struct journal_state *s;
    struct extents all; /* every extent that was told */
    struct extent *told;
    size_t ntold, cap;
    uint64_t firm; /* of those the medium has so many, from the first */
    char boot[JOURNAL_BOOT_BYTES];
};

static bool replay_guard(struct replay *p, char *rest)
{
    struct journal_state *s = p->s;
    struct guard g = { { 0 }, { 0 }, { 0 }, { 0 } };

    if (!take_word(&rest, g.url, sizeof g.url) || !take_word(&rest, g.place, sizeof g.place) ||
        !take_word(&rest, g.etag, sizeof g.etag) ||
        !take_word(&rest, g.modified, sizeof g.modified))
        return false;
    size_t i = 0;
    while (i < s->nguards && strcmp(s->guard[i].url, g.url) != 0)
        i++;
    if (i == JOURNAL_MIRRORS)
        return false;
    s->guard[i] = g;
    s->nguards = max_u64(s->nguards, i + 1);
    return true;
}

/* One line; false when it makes no sense. */
static bool replay_line(struct replay *p, char *line, struct wtg_err *err)
{
    char *rest = line;
    const char *verb = strsep(&rest, " ");
    struct extent e;

    if (strcmp(verb, "boot") == 0)
        return take_word(&rest, p->boot, sizeof p->boot);
    if (strcmp(verb, "size") == 0)
        return p->s->has_size = take_number(&rest, &p->s->size) && p->s->size <= INT64_MAX;
    if (strcmp(verb, "guard") == 0)
        return replay_guard(p, rest);
    if (strcmp(verb, "wrong") == 0)
        return take_word(&rest, p->s->wrong, sizeof p->s->wrong);
    if (strcmp(verb, "synced") == 0) {
        uint64_t n;
        if (!take_number(&rest, &n) || n > p->ntold)
            return false;
        p->firm = n;
        return true;
    }
    if (strcmp(verb, "have") != 0 || !take_number(&rest, &e.off) || !take_number(&rest, &e.end) ||
        e.off >= e.end || e.end > INT64_MAX || (p->s->has_size && e.end > p->s->size))
        return false;
    if (mem_grow(&p->told, &p->cap, p->ntold, sizeof *p->told, err) < 0)
        return false;
    p->told[p->ntold++] = e;
    return true;
}

static int replay(struct replay *p, struct wtg_span text, const char *boot, char *line,
                  struct wtg_err *err)
{
    if (!next_line(&text, line) || strcmp(line, first_line) != 0)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "its first line is not '%s'", first_line);
    while (next_line(&text, line))
        if (!replay_line(p, line, err)) {
            if (err->code)
                return err->code;
            break;
        }
    bool same_boot = *boot && strcmp(boot, p->boot) == 0;
    size_t n = same_boot ? p->ntold : (size_t)p->firm;
    for (size_t i = 0; i < n; i++)
        if (extents_add(&p->s->have, p->told[i].off, p->told[i].end, err) < 0)
            return err->code;
    return 0;
}

int journal_parse(struct wtg_span text, const char *boot, struct journal_state *ret,
                  struct wtg_err *err)
{
    struct replay p = { .s = ret };
    AUTO_FREE char *line = mem_zeroed(LINE_BYTES + 1, 1, err);

    *ret = (struct journal_state){ 0 };
    int r = line ? replay(&p, text, boot, line, err) : err->code;
    free(p.told);
    if (r < 0) {
        journal_state_release(ret);
        *ret = (struct journal_state){ 0 };
    }
    return r;
}

/* "" when the kernel does not say. */
static void boot_id(char boot[JOURNAL_BOOT_BYTES])
{
    AUTO_FD fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, boot, JOURNAL_BOOT_BYTES - 1);

    boot[n > 0 ? n : 0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
}

int journal_load(const char *path, struct journal_state *ret, struct wtg_err *err)
{
    AUTO_FREE char *text = NULL;
    char boot[JOURNAL_BOOT_BYTES];
    size_t n = 0;
    int r = file_read(path, JOURNAL_MAX_BYTES, &text, &n, err);

    boot_id(boot);
    if (r == 0)
        r = journal_parse((struct wtg_span){ (const uint8_t *)text, n }, boot, ret, err);
    return r < 0 && r != WTG_E_NOT_FOUND ? wtg_because(err, "reading '%s'", path) : r;
}

/* Writing. */

struct journal {
    int fd;
    uint64_t told;
    char line[LINE_BYTES + SUM_DIGITS + 2];
};

/* Puts out the `n` bytes that stand behind the place of the sum in j->line. */
static int put(struct journal *j, int n, struct wtg_err *err)
{
    char *rest = j->line + SUM_DIGITS + 1, sum[SUM_DIGITS + 1];

    line_sum(rest, (size_t)n, sum);
    memcpy(j->line, sum, SUM_DIGITS);
    j->line[SUM_DIGITS] = ' ';
    rest[n] = '\n';
    /* In one go: a program that is killed leaves whole lines. */
    size_t size = SUM_DIGITS + 1 + (size_t)n + 1;
    ssize_t done = write(j->fd, j->line, size);
    if (done == (ssize_t)size)
        return 0;
    return wtg_fail_errno(err, done < 0 ? errno : ENOSPC, "cannot write the journal");
}

#define PUT(j, err, ...)                                                                           \
    put((j), snprintf((j)->line + SUM_DIGITS + 1, LINE_BYTES, __VA_ARGS__), (err))

int journal_have(struct journal *j, uint64_t off, uint64_t end, struct wtg_err *err)
{
    int r = PUT(j, err, "have %" PRIu64 " %" PRIu64, off, end);

    j->told += r == 0;
    return r;
}

uint64_t journal_told(const struct journal *j)
{
    return j->told;
}

int journal_synced(struct journal *j, uint64_t n, struct wtg_err *err)
{
    return PUT(j, err, "synced %" PRIu64, n);
}

int journal_size(struct journal *j, uint64_t size, struct wtg_err *err)
{
    return PUT(j, err, "size %" PRIu64, size);
}

/* "VERB WORD WORD..." */
static int put_words(struct journal *j, const char *verb, const char *const *word, size_t n,
                     struct wtg_err *err)
{
    char *at = j->line + SUM_DIGITS + 1, *begin = at;

    at += snprintf(at, 16, "%s", verb);
    for (size_t i = 0; i < n; i++) {
        *at++ = ' ';
        at += escape(at, word[i]);
    }
    return put(j, (int)(at - begin), err);
}

int journal_guard(struct journal *j, const struct guard *g, struct wtg_err *err)
{
    return put_words(j, "guard", (const char *const[]){ g->url, g->place, g->etag, g->modified }, 4,
                     err);
}

int journal_wrong(struct journal *j, const char *proof, struct wtg_err *err)
{
    return put_words(j, "wrong", &proof, 1, err);
}

static int put_state(struct journal *j, const struct journal_state *s, struct wtg_err *err)
{
    char boot[JOURNAL_BOOT_BYTES];
    const char *id = boot;

    boot_id(boot);
    int r = PUT(j, err, "%s", first_line);
    if (r == 0)
        r = put_words(j, "boot", &id, 1, err);
    if (r == 0 && s->has_size)
        r = journal_size(j, s->size, err);
    for (size_t i = 0; r == 0 && i < s->nguards; i++)
        r = journal_guard(j, &s->guard[i], err);
    for (size_t i = 0; r == 0 && i < s->have.n; i++)
        r = journal_have(j, s->have.item[i].off, s->have.item[i].end, err);
    if (r == 0 && j->told > 0)
        r = journal_synced(j, j->told, err);
    if (r == 0 && s->wrong[0])
        r = journal_wrong(j, s->wrong, err);
    if (r == 0 && fsync(j->fd) < 0)
        r = wtg_fail_errno(err, errno, "cannot write the journal");
    return r;
}

int journal_open(const char *path, const struct journal_state *s, struct journal **ret,
                 struct wtg_err *err)
{
    struct journal *j = mem_zeroed(1, sizeof *j, err);
    AUTO_FREE char *temp = NULL;

    if (!j)
        return err->code;
    j->fd = -1;
    if (asprintf(&temp, "%s.new", path) < 0) {
        temp = NULL;
        journal_close(j);
        return wtg_fail_nomem(err);
    }
    int r = 0;
    /* Only its owner: URLs may be secrets. */
    j->fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (j->fd < 0)
        r = wtg_fail_errno(err, errno, "cannot make '%s'", temp);
    if (r == 0)
        r = put_state(j, s, err);
    if (r == 0 && rename(temp, path) < 0)
        r = wtg_fail_errno(err, errno, "cannot make '%s'", path);
    if (r < 0) {
        if (j->fd >= 0)
            unlink(temp);
        journal_close(j);
        return r;
    }
    *ret = j;
    return 0;
}

int journal_fd(const struct journal *j)
{
    return j->fd;
}

void journal_close(struct journal *j)
{
    if (j && j->fd >= 0)
        close(j->fd);
    free(j);
}
