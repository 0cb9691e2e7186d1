/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TREE_UPCASE_H
#define WTG_TREE_UPCASE_H

#include <stdint.h>

/* $UpCase: the upper case of each UTF-16 unit.  Made by make-upcase.c at build time. */
extern const uint16_t upcase_table[65536];

#endif
