/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_TEXT_H
#define WTG_DISK_TEXT_H

#include <stddef.h>

/* Copies text that a device or volume brought along: cut to fit, spaces at both ends gone, and
 * everything that could play tricks with a terminal (control characters, broken UTF-8) as '?'.
 * Returns `buf`. */
char *disk_printable(char *buf, size_t cap, const char *text);

#endif
