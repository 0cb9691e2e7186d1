/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_FETCH_PRIV_H
#define WTG_FETCH_FETCH_PRIV_H

#include "fetch/engine.h"
#include "fetch/fetch.h"
#include "fetch/proof.h"

/* One wish, while it is carried out. */
struct fetch {
    const struct wtg_fetch_opts *opts;
    struct wtg_net_opts net; /* defaults filled in */
    struct wtg_job *job;
    struct wtg_fetch_result *result;
    char *name;              /* the file's own name, as lists have it */
    char *path, *part, *log; /* final name, while it is unfinished, its journal */
    struct proof proof;
    struct sums sums;
    int fd; /* of the part */
};

/* Names for everything: from the options, the URL and what is a folder. */
int fetch_names(struct fetch *f, struct wtg_err *err) WTG_MUST_USE;
/* Opens and locks the part, makes it when there is none. */
int fetch_open_part(struct fetch *f, struct wtg_err *err) WTG_MUST_USE;
/* Everything is there: proves it and gives it its name. */
int fetch_finish(struct fetch *f, uint64_t size, struct wtg_err *err) WTG_MUST_USE;
/* Hashes a file from front to back and judges it. */
int fetch_prove_file(struct fetch *f, int fd, uint64_t size, struct wtg_err *err) WTG_MUST_USE;
/* The two ways to get the bytes. */
int fetch_download(struct fetch *f, struct wtg_err *err) WTG_MUST_USE;
int fetch_import(struct fetch *f, struct wtg_err *err) WTG_MUST_USE;

#endif
