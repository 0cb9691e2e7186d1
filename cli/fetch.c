/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "wtg/fetch.h"

struct fetch_values {
    struct cli_common common;
    const char *output, *from, *name;
    const char *sha256, *sha1, *sha512, *md5, *checksums, *signature, *keyring;
    const char *catalog, *language, *edition, *architecture, *build;
    const char *ca_file;
    uint64_t limit_rate, size;
    unsigned connections, tries, stall_time;
};

#define AT(field) offsetof(struct fetch_values, field)
static const struct cli_opt opts[] = {
    { "output", CLI_STRING, AT(output), "PATH", N_("file or folder to put it") },
    { "from", CLI_STRING, AT(from), "FILE", N_("take a file of this computer instead") },
    { "name", CLI_STRING, AT(name), "NAME", N_("the file's name in lists of checksums") },
    { "sha256", CLI_STRING, AT(sha256), "HEX", N_("the file must have this SHA-256") },
    { "sha512", CLI_STRING, AT(sha512), "HEX", N_("this SHA-512") },
    { "sha1", CLI_STRING, AT(sha1), "HEX", N_("this SHA-1 (weak: finds accidents only)") },
    { "md5", CLI_STRING, AT(md5), "HEX", N_("this MD5 (weak: finds accidents only)") },
    { "size", CLI_SIZE, AT(size), "SIZE", N_("the file must have so many bytes") },
    { "checksums", CLI_STRING, AT(checksums), "LIST", N_("file or URL of a list of checksums") },
    { "signature", CLI_STRING, AT(signature), "SIG",
      N_("file or URL of the OpenPGP signature of the file or the list") },
    { "keyring", CLI_STRING, AT(keyring), "FILE", N_("the publisher's keys; no others count") },
    { "catalog", CLI_STRING, AT(catalog), "LIST",
      N_("Microsoft's products.xml or products.cab, file or URL") },
    { "language", CLI_STRING, AT(language), "CODE", N_("from the catalog: like de-de") },
    { "edition", CLI_STRING, AT(edition), "NAME", N_("from the catalog: like Enterprise") },
    { "architecture", CLI_STRING, AT(architecture), "ARCH",
      N_("from the catalog: x64, x86 or arm64") },
    { "build", CLI_STRING, AT(build), "BUILD", N_("from the catalog: like 19045") },
    { "limit-rate", CLI_SIZE, AT(limit_rate), "SIZE", N_("at most so much a second") },
    { "connections", CLI_NUMBER, AT(connections), "N", N_("at most so many at once (default: 4)") },
    { "tries", CLI_NUMBER, AT(tries), "N",
      N_("so often in a row until an address is given up (default: 10)") },
    { "stall-time", CLI_NUMBER, AT(stall_time), "SECONDS",
      N_("a connection below 1000 bytes a second is ended after (default: 20)") },
    { "ca-file", CLI_STRING, AT(ca_file), "FILE",
      N_("certificates to trust instead of this computer's") },
};

static void on_note(const char *text, void *user)
{
    const struct fetch_values *v = user;

    if (v->common.json)
        cli_json(json_pack("{s:s, s:s}", "event", "note", "text", text));
    else if (!v->common.quiet)
        fprintf(stderr, "%swtg: %s\n", cli_is_terminal() ? "\r\033[K" : "", text);
}

static struct wtg_net_opts net_opts(struct fetch_values *v)
{
    return (struct wtg_net_opts){ .ca_file = v->ca_file,
                                  .limit_rate = v->limit_rate,
                                  .connections = v->connections,
                                  .tries = v->tries,
                                  .stall_seconds = v->stall_time,
                                  .on_note = on_note,
                                  .user = v };
}

/* The report. */

static void report_json(const struct wtg_fetch_result *r)
{
    json_t *proofs = json_array();

    for (size_t i = 0; i < r->nproofs; i++)
        json_array_append_new(proofs, json_pack("{s:s, s:s, s:s, s:b}", "kind", r->proof[i].kind,
                                                "value", r->proof[i].value, "from",
                                                r->proof[i].from, "weak", r->proof[i].weak));
    cli_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:o}", "event", "report", "result",
                       r->looked_only ? "looked"
                       : r->was_there ? "was-there"
                                      : "done",
                       "path", r->path, "size_bytes", (json_int_t)r->size_bytes, "got_bytes",
                       (json_int_t)r->got_bytes, "resumed_bytes", (json_int_t)r->resumed_bytes,
                       "seconds", r->seconds, "proofs", proofs));
}

static void print_proofs(const struct wtg_fetch_result *r)
{
    bool strong = false;

    for (size_t i = 0; i < r->nproofs; i++) {
        const struct wtg_fetch_proof *p = &r->proof[i];
        strong |= !p->weak;
        printf(_("proved    %s %s\n          as '%s' says%s\n"), p->kind, p->value, p->from,
               p->weak ? _(" (weak: finds accidents, not forgeries)") : "");
    }
    if (r->nproofs == 0)
        printf("%s", _("proved    nothing: no checksum and no signature was given\n"));
    else if (!strong)
        printf("%s", _("          a SHA-256 or a signature would be a proof\n"));
}

static void print_report(const struct wtg_fetch_result *r)
{
    char a[CLI_TEXT_BYTES], b[CLI_TEXT_BYTES], c[CLI_TEXT_BYTES];
    double seconds = r->seconds > 1e-3 ? r->seconds : 1e-3;

    if (r->looked_only) {
        printf(_("would be  %s\n          %s\n"), r->path,
               r->size_bytes ? cli_bytes(r->size_bytes, a) : _("of unknown size"));
        return;
    }
    printf(r->was_there ? _("was there %s\n") : _("done      %s\n"), r->path);
    if (r->got_bytes)
        printf(_("          %s in %s (%s/s)"), cli_bytes(r->got_bytes, a), cli_duration(seconds, b),
               cli_bytes((uint64_t)((double)r->got_bytes / seconds), c));
    else
        printf("          %s", cli_bytes(r->size_bytes, a));
    if (r->resumed_bytes)
        printf(_(", %s were there from before"), cli_bytes(r->resumed_bytes, a));
    printf("\n");
    print_proofs(r);
}

static int fetch(struct fetch_values *v, struct wtg_fetch_opts *o)
{
    struct wtg_fetch_result result = { .size_bytes = 0 };
    struct cli_progress progress;
    struct wtg_err err = { 0 };

    o->output = v->output;
    o->net = net_opts(v);
    o->look_only = v->common.dry_run;
    cli_progress_begin(&progress, &v->common);
    int r = wtg_fetch(o, &progress.job, &result, &err);
    cli_progress_end(&progress);
    if (r < 0)
        return cli_fail(&v->common, &err);
    if (v->common.json)
        report_json(&result);
    else
        print_report(&result);
    return EXIT_DONE;
}

/* The catalogue. */

static void show_file(const struct fetch_values *v, const struct wtg_catalog_file *f)
{
    char a[CLI_TEXT_BYTES];

    if (v->common.json)
        cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:b}", "event",
                           "image", "name", f->name, "language", f->language, "language_name",
                           f->language_name, "editions", f->editions, "architecture",
                           f->architecture, "build", f->build, "size_bytes",
                           (json_int_t)f->size_bytes, "sha1", f->sha1, "sha256", f->sha256, "url",
                           f->url, "encrypted", f->encrypted));
    else
        printf("%-10s %-6s %-12s %8s  %s%s\n", f->language, f->architecture, f->build,
               cli_bytes(f->size_bytes, a), f->editions, f->encrypted ? _("  (encrypted)") : "");
}

static int refuse(const struct fetch_values *v, int code, const char *text, const char *hint)
{
    struct wtg_err err = { .code = code };

    snprintf(err.text, sizeof err.text, "%s", text);
    snprintf(err.hint, sizeof err.hint, "%s", hint);
    return cli_fail(&v->common, &err);
}

static int fetch_from_catalog(struct fetch_values *v, const struct wtg_catalog_file *f)
{
    struct wtg_fetch_opts o = {
        .url = &f->url,
        .nurls = 1,
        .name = f->name,
        .size_bytes = f->size_bytes,
        .sha1 = f->sha1[0] ? f->sha1 : NULL,
        .sha256 = f->sha256[0] ? f->sha256 : NULL,
    };

    if (f->encrypted)
        return refuse(v, WTG_E_UNSUPPORTED, _("this image is encrypted, and wtg cannot open it"),
                      _("choose another build"));
    return fetch(v, &o);
}

static int use_catalog(struct fetch_values *v, const struct wtg_catalog *c)
{
    const struct wtg_catalog_filter filter = { v->language, v->edition, v->architecture, v->build };
    const struct wtg_catalog_file *first = wtg_catalog_find(c, &filter, 0), *f;
    bool chosen = v->language || v->edition || v->architecture || v->build;

    if (!first)
        return refuse(v, WTG_E_IMAGE_INDEX, _("the catalog has no such image"),
                      _("without --language, --edition, --architecture and --build it shows all"));
    if (!v->common.quiet || !chosen)
        for (size_t i = 0; (f = wtg_catalog_find(c, &filter, i)); i++)
            show_file(v, f);
    fflush(stdout);
    if (!chosen || (v->common.dry_run && wtg_catalog_find(c, &filter, 1)))
        return EXIT_DONE;
    if (wtg_catalog_find(c, &filter, 1))
        return refuse(v, WTG_E_IMAGE_CHOICE, _("the catalog has several such images"),
                      _("choose with --language, --edition, --architecture and --build"));
    return fetch_from_catalog(v, first);
}

static int run_catalog(struct fetch_values *v)
{
    const struct wtg_net_opts net = net_opts(v);
    struct wtg_catalog *c = NULL;
    struct cli_progress progress;
    struct wtg_err err = { 0 };

    cli_progress_begin(&progress, &v->common);
    int r = wtg_catalog_open(v->catalog, &net, &progress.job, &c, &err);
    cli_progress_end(&progress);
    int code = r < 0 ? cli_fail(&v->common, &err) : use_catalog(v, c);
    wtg_catalog_free(c);
    return code;
}

static int run(const struct cli_command *command, void *values, char **args)
{
    struct fetch_values *v = values;
    struct wtg_fetch_opts o = {
        .url = (const char *const *)args,
        .from = v->from,
        .name = v->name,
        .size_bytes = v->size,
        .sha256 = v->sha256,
        .sha1 = v->sha1,
        .sha512 = v->sha512,
        .md5 = v->md5,
        .checksums = v->checksums,
        .signature = v->signature,
        .keyring = v->keyring,
    };

    (void)command;
    while (o.url[o.nurls])
        o.nurls++;
    if (!v->catalog)
        return v->language || v->edition || v->architecture || v->build
                   ? refuse(v, WTG_E_USAGE, _("what to choose from is missing"),
                            _("--catalog products.cab"))
                   : fetch(v, &o);
    if (o.nurls > 0 || v->from || v->sha256 || v->sha1 || v->sha512 || v->md5 || v->checksums ||
        v->signature || v->name || v->size)
        return refuse(v, WTG_E_USAGE, _("'--catalog' brings address, size and checksum itself"),
                      "");
    return run_catalog(v);
}

const struct cli_command cli_fetch = {
    .name = "fetch",
    .args = "URL...",
    .help = N_("downloads a file from one or several mirrors, goes on after breaks, and proves it"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 0,
    .more_args = true,
    .value_bytes = sizeof(struct fetch_values),
    .run = run,
};
