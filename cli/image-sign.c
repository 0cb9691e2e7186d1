/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <stdio.h>
#include <time.h>

#include "wtg/sign.h"

struct sign_values {
    struct cli_common common;
    struct cli_list catalog, dbx, root;
};

static char *time_text(int64_t t, char buf[CLI_TEXT_BYTES])
{
    time_t s = (time_t)t;
    struct tm tm;

    if (t == 0 || !gmtime_r(&s, &tm) || strftime(buf, CLI_TEXT_BYTES, "%Y-%m-%d %H:%M", &tm) == 0)
        snprintf(buf, CLI_TEXT_BYTES, "-");
    return buf;
}

static const char *const places[] = { "embedded", "nested", "catalog" };

static json_t *signature_json(const struct wtg_signature *s)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s}",
                     "state", wtg_sign_slug(s->state), "why", s->why, "place", places[s->place],
                     "catalog", s->catalog, "digest", s->digest, "signer", s->signer, "issuer",
                     s->issuer, "root", s->root, "ca", wtg_sign_ca_slug(s->ca), "valid_from",
                     (json_int_t)s->valid_from, "valid_to", (json_int_t)s->valid_to, "stamped_at",
                     (json_int_t)s->stamped_at, "stamper", s->stamper, "stamp_why", s->stamp_why);
}

static void verdict_json(const char *file, const struct wtg_verdict *v)
{
    json_t *signatures = json_array(), *sbat = json_array();

    for (unsigned i = 0; i < v->nsignatures; i++)
        json_array_append_new(signatures, signature_json(&v->signature[i]));
    for (unsigned i = 0; i < v->nsbat; i++)
        json_array_append_new(sbat, json_pack("{s:s, s:I, s:I}", "component", v->sbat[i].component,
                                              "generation", (json_int_t)v->sbat[i].generation,
                                              "least", (json_int_t)v->sbat[i].least));
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:o, s:o}", "event",
                          "signatures", "file", file, "state", wtg_sign_slug(v->state), "why",
                          v->why, "program", v->is_pe, "catalog", v->is_catalog, "sha256",
                          v->sha256, "sha1", v->sha1, "signatures", signatures, "sbat", sbat);
    if (v->has_svn)
        json_object_set_new(o, "svn", json_pack("[i, i]", v->svn_major, v->svn_minor));
    cli_json(o);
}

/* One signature; the number only where there are several. */
static void print_signature(const struct wtg_signature *s, unsigned number)
{
    char at[CLI_TEXT_BYTES];

    printf("\n");
    if (number)
        printf(_("  signature %u: %s\n"), number, _(wtg_sign_text(s->state)));
    if (number && s->why[0])
        printf("               %s\n", s->why);
    if (s->place == WTG_SIGN_CATALOG)
        printf(_("  catalog      %s\n"), s->catalog);
    printf(_("  signer       %s\n"), s->signer[0] ? s->signer : "-");
    printf(_("  issuer       %s\n"), s->issuer[0] ? s->issuer : "-");
    printf(_("  root         %s\n"), s->root[0] ? s->root : "-");
    if (s->stamped_at)
        printf(_("  time         %s UTC, confirmed by %s\n"), time_text(s->stamped_at, at),
               s->stamper);
    else
        printf(_("  time         no timestamp%s%s\n"), s->stamp_why[0] ? _(" that counts: ") : "",
               s->stamp_why);
    if (s->digest[0])
        printf(_("  hash         %s\n"), s->digest);
}

static void print_verdict(const char *file, const struct wtg_verdict *v, bool verbose)
{
    printf("%s\n  %s%s%s\n", file, _(wtg_sign_text(v->state)), v->why[0] ? ": " : "", v->why);
    for (unsigned i = 0; i < v->nsignatures; i++)
        print_signature(&v->signature[i], v->nsignatures > 1 ? i + 1 : 0);
    if (v->has_svn || v->nsbat || verbose)
        printf("\n");
    if (v->has_svn)
        printf(_("  SVN          %u.%u\n"), v->svn_major, v->svn_minor);
    for (unsigned i = 0; i < v->nsbat; i++) {
        const struct wtg_sbat_row *row = &v->sbat[i];
        printf("  %-12s %s %u", i ? "" : "SBAT", row->component, row->generation);
        if (row->generation < row->least)
            printf(_(" (a current shim starts no less than %u)"), row->least);
        printf("\n");
    }
    if (verbose)
        printf("  SHA-256      %s\n  SHA-1        %s\n", v->sha256, v->sha1);
    printf("\n");
}

static void show(const char *file, const struct wtg_verdict *v, void *user)
{
    const struct sign_values *values = user;

    if (values->common.json)
        verdict_json(file, v);
    else
        print_verdict(file, v, values->common.verbose);
}

static int run(const struct cli_command *command, void *values, char **args)
{
    struct sign_values *v = values;
    const struct wtg_sign_opts opts = {
        .catalog = v->catalog.item,
        .ncatalogs = v->catalog.n,
        .dbx = v->dbx.item,
        .ndbx = v->dbx.n,
        .root = v->root.item,
        .nroots = v->root.n,
    };
    const char *file[CLI_ARGS_MAX] = { NULL };
    struct wtg_err err = { 0 };
    size_t n = 0, bad = 0;

    (void)command;
    for (; args[n]; n++)
        file[n] = args[n];
    if (wtg_signatures(file, n, &opts, show, v, &bad, &err) < 0)
        return cli_fail(&v->common, &err);
    return bad ? EXIT_PROBLEMS : EXIT_DONE;
}

#define AT(field) offsetof(struct sign_values, field)
static const struct cli_opt opts[] = {
    { "catalog", CLI_LIST, AT(catalog), "FILE", N_("a catalog (.cat) that may list the files") },
    { "dbx", CLI_LIST, AT(dbx), "FILE",
      N_("what firmware refuses: dbxupdate.bin, or the variable") },
    { "root", CLI_LIST, AT(root), "FILE", N_("a certificate to trust beside Microsoft's") },
};

const struct cli_command cli_image_signatures = {
    .name = "image signatures",
    .args = "FILE...",
    .help = N_("who signed programs and catalogs, and whether that holds"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 1,
    .more_args = true,
    .value_bytes = sizeof(struct sign_values),
    .run = run,
};
