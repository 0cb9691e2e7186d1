/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_PE_SUM_H
#define WTG_SIGN_PE_SUM_H

#include "sign/pe.h"

/* The checksum in a program's header, which Windows' loader compares for what it boots with
 * (0xc0000221). */
enum pe_sum {
    PE_SUM_NONE, /* no PE file, or one without a checksum */
    PE_SUM_FITS,
    PE_SUM_WRONG, /* the file is not what was built */
};
enum pe_sum pe_sum(struct wtg_span file); /* all of it */
/* What the checksum should be; 0 when it is no PE file. */
uint32_t pe_sum_make(struct wtg_span file);

#endif
