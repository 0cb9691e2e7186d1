/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

int cli_columns(void)
{
    struct winsize w;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 40)
        return 80;
    return w.ws_col < 100 ? w.ws_col : 100; /* longer lines are hard to read */
}

bool cli_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The next character of a text, its bytes and columns; what is no character counts as one. */
static size_t next(const char *p, wchar_t *c, int *width)
{
    mbstate_t state = { 0 };
    size_t n = mbrtowc(c, p, strlen(p), &state);

    if (n == 0 || n > 8) {
        *c = L'?';
        *width = 1;
        return 1;
    }
    *width = wcwidth(*c);
    if (*width < 0)
        *width = 1;
    return n;
}

int cli_width(const char *p)
{
    int sum = 0, width;
    wchar_t c;

    while (*p) {
        p += next(p, &c, &width);
        sum += width;
    }
    return sum;
}

/* Chinese breaks between any two characters, but punctuation stays with what it belongs to. */
static bool may_break(wchar_t before, int before_width, wchar_t after, int after_width)
{
    if (wcschr(L"，。、；：？！）》”’」』】", after) || wcschr(L"（《“‘「『【", before))
        return false;
    return before_width == 2 || after_width == 2;
}

/* How much of the text fits into so many columns; at least one character. */
static size_t line_of(const char *p, int columns)
{
    size_t at = 0, fits = 0;
    int used = 0, width = 0, width_before = 0;
    wchar_t c = 0, before = 0;

    while (p[at]) {
        size_t n = next(p + at, &c, &width);
        if (at > 0 && (c == L' ' || may_break(before, width_before, c, width)))
            fits = at;
        if (used + width > columns && c != L' ')
            return fits ? fits : at ? at : n;
        used += width;
        before = c;
        width_before = width;
        at += n;
    }
    return at;
}

void cli_wrap(const char *first, const char *rest, const char *text)
{
    int columns = cli_columns();
    const char *margin = first;

    do {
        int left = columns - cli_width(margin);
        size_t n = line_of(text, left < 20 ? 20 : left);
        size_t shown = n;
        while (shown > 0 && text[shown - 1] == ' ')
            shown--;
        printf("%s%.*s\n", margin, (int)shown, text);
        text += n;
        text += strspn(text, " ");
        margin = rest;
    } while (*text);
}
