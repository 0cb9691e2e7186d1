/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "wtg/image.h"

struct image_values {
    struct cli_common common;
    unsigned index;
    const char *inside;
};

/* "2024-04-01 12:00" from 100 ns since 1601. */
static char *time_text(uint64_t t, char buf[CLI_TEXT_BYTES])
{
    const uint64_t unix_epoch = UINT64_C(116444736000000000);
    time_t s = t > unix_epoch ? (time_t)((t - unix_epoch) / 10000000) : 0;
    struct tm tm;

    if (s == 0 || !gmtime_r(&s, &tm) || strftime(buf, CLI_TEXT_BYTES, "%Y-%m-%d %H:%M", &tm) == 0)
        snprintf(buf, CLI_TEXT_BYTES, "-");
    return buf;
}

static const char *const togo_slugs[] = { "official", "later", "unofficial", "old", "unknown" };

static void needs_json(struct wtg_image *image, unsigned index, json_t *o)
{
    struct wtg_image_needs n;
    struct wtg_err err = { 0 };

    if (wtg_image_needs(image, index, &n, &err) < 0) {
        json_object_set_new(o, "damaged", json_string(err.text));
        return;
    }
    json_object_set_new(o, "plain_bytes", json_integer((json_int_t)n.plain_bytes));
    json_object_set_new(o, "compact_bytes", json_integer((json_int_t)n.compact_bytes));
    json_object_set_new(o, "boot_ca", n.ca[0] ? json_string(n.ca) : json_null());
    json_object_set_new(o, "boot_ca_2023", json_boolean(n.ca_2023));
    json_object_set_new(o, "svn", n.has_svn ? json_pack("[i, i]", n.svn_major, n.svn_minor)
                                            : json_null());
}

static json_t *edition_json(struct wtg_image *image, const struct wtg_edition *e)
{
    json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I}",
                     "index", (int)e->index, "name", e->name, "display_name", e->display_name,
                     "description", e->description, "edition", e->edition_id, "architecture",
                     e->architecture, "version", e->version, "build", (int)e->build, "languages",
                     e->languages, "total_bytes", (json_int_t)e->total_bytes, "files",
                     (json_int_t)e->files, "directories", (json_int_t)e->directories, "created",
                     (json_int_t)e->created, "modified", (json_int_t)e->modified);
    json_object_set_new(o, "to_go", json_string(togo_slugs[wtg_togo_support(e)]));
    needs_json(image, e->index, o);
    return o;
}

static void info_json(struct wtg_image *image)
{
    const struct wtg_image_info *i = wtg_image_info(image);
    json_t *editions = json_array();

    for (unsigned k = 0; k < i->neditions; k++)
        json_array_append_new(editions, edition_json(image, &i->edition[k]));
    cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:i, s:I, s:s, s:i, s:o}", "event",
                       "image", "path", i->path, "container", i->container, "member", i->member,
                       "compression", i->compression, "chunk_bytes", (int)i->chunk_bytes, "solid",
                       i->solid, "integrity", i->integrity, "parts", (int)i->parts, "file_bytes",
                       (json_int_t)i->file_bytes, "guid", i->guid, "boot_index",
                       (int)i->boot_index, "editions", editions));
}

static const char *togo_text(const struct wtg_edition *e)
{
    switch (wtg_togo_support(e)) {
    case WTG_TOGO_OFFICIAL:
        return _("supported by Microsoft");
    case WTG_TOGO_LATER:
        return _("works, but Microsoft ended support with 10 2004");
    case WTG_TOGO_UNOFFICIAL:
        return _("works, but Microsoft never supported it for this edition");
    case WTG_TOGO_OLD:
        return _("no: Windows before 8 does not start from USB");
    case WTG_TOGO_UNKNOWN:
        break;
    }
    return _("not known: the image does not say what it is");
}

static void print_needs(struct wtg_image *image, unsigned index)
{
    char plain[CLI_TEXT_BYTES], compact[CLI_TEXT_BYTES];
    struct wtg_image_needs n;
    struct wtg_err err = { 0 };

    if (wtg_image_needs(image, index, &n, &err) < 0) {
        printf(_("   damaged       %s\n"), err.text);
        return;
    }
    printf(_("   space         about %s, compact %s\n"), cli_bytes(n.plain_bytes, plain),
           cli_bytes(n.compact_bytes, compact));
    if (!n.has_boot_manager)
        return;
    printf(_("   boot manager  signed by %s%s"), n.ca[0] ? n.ca : _("nobody"),
           n.ca_2023 ? _(", one by windows-2023 is there") : "");
    if (n.has_svn)
        printf(_(", SVN %u.%u"), n.svn_major, n.svn_minor);
    printf("\n");
}

static void print_edition(struct wtg_image *image, const struct wtg_edition *e)
{
    char size[CLI_TEXT_BYTES], modified[CLI_TEXT_BYTES];

    printf("\n%u  %s\n", e->index, e->name[0] ? e->name : _("(no name)"));
    if (e->edition_id[0])
        printf(_("   edition       %s\n"), e->edition_id);
    if (e->version[0])
        printf(_("   version       %s\n"), e->version);
    if (e->architecture[0])
        printf(_("   architecture  %s\n"), e->architecture);
    if (e->languages[0])
        printf(_("   languages     %s\n"), e->languages);
    printf(_("   content       %s in %" PRIu64 " files, %" PRIu64 " directories\n"),
           cli_bytes(e->total_bytes, size), e->files, e->directories);
    printf(_("   modified      %s\n"), time_text(e->modified, modified));
    printf(_("   To Go         %s\n"), togo_text(e));
    print_needs(image, e->index);
}

static void print_info(struct wtg_image *image)
{
    const struct wtg_image_info *i = wtg_image_info(image);
    char size[CLI_TEXT_BYTES];

    printf(_("file         %s\n"), i->path);
    if (i->container[0])
        printf(_("container    %s, holds %s\n"), i->container, i->member);
    if (i->several_inside)
        printf(_("             and others; --inside chooses\n"));
    printf(_("size         %s"), cli_bytes(i->file_bytes, size));
    if (i->parts > 1)
        printf(_(" in %u parts"), i->parts);
    printf(_("\ncompression  %s"), i->compression);
    if (i->chunk_bytes)
        printf(_(", chunks of %u KiB"), i->chunk_bytes / 1024);
    printf("%s\n", i->solid ? _(", solid") : "");
    printf(_("integrity    %s\n"), i->integrity ? _("table present") : _("no table"));
    printf(_("GUID         %s\n"), i->guid);
    for (unsigned k = 0; k < i->neditions; k++)
        print_edition(image, &i->edition[k]);
}

static int run_info(const struct cli_command *command, void *values, char **args)
{
    const struct image_values *v = values;
    struct wtg_image *image = NULL;
    struct wtg_err err = { 0 };

    (void)command;
    if (wtg_image_open(args[0], v->inside, &image, &err) < 0)
        return cli_fail(&v->common, &err);
    if (v->common.json)
        info_json(image);
    else
        print_info(image);
    wtg_image_free(image);
    return EXIT_DONE;
}

static int list_json(const struct wtg_entry *e, void *user)
{
    (void)user;
    cli_json(json_pack("{s:s, s:s, s:I, s:I, s:i, s:i, s:I}", "event", "entry", "path", e->path,
                       "size_bytes", (json_int_t)e->size_bytes, "attributes",
                       (json_int_t)e->attributes, "links", (int)e->links, "streams",
                       (int)e->streams, "written", (json_int_t)e->written));
    return ferror(stdout);
}

static int list_plain(const struct wtg_entry *e, void *user)
{
    const struct cli_common *common = user;
    char time[CLI_TEXT_BYTES];

    if (common->verbose)
        printf("%08x %12" PRIu64 " %s %3u %2u ", e->attributes, e->size_bytes,
               time_text(e->written, time), e->links, e->streams);
    printf("%s\n", e->path);
    return ferror(stdout);
}

static int run_list(const struct cli_command *command, void *values, char **args)
{
    struct image_values *v = values;
    struct wtg_image *image = NULL;
    struct wtg_err err = { 0 };
    int r = wtg_image_open(args[0], v->inside, &image, &err);

    (void)command;
    if (r == 0)
        r = wtg_image_list(image, v->index, v->common.json ? list_json : list_plain, &v->common, &err);
    wtg_image_free(image);
    return r < 0 ? cli_fail(&v->common, &err) : EXIT_DONE;
}

#define AT(field) offsetof(struct image_values, field)
static const struct cli_opt list_opts[] = {
    { "inside", CLI_STRING, AT(inside), "PATH", N_("which WIM of an ISO that holds several") },
    { "index", CLI_NUMBER, AT(index), "N",
      N_("which Windows of the image, by number") },
};

const struct cli_command cli_image_info = {
    .name = "image info",
    .args = "FILE",
    .help = N_("what an image holds: editions, builds, languages, sizes"),
    .opt = list_opts, /* the first alone: a look at the whole needs no index */
    .nopts = 1,
    .nargs = 1,
    .value_bytes = sizeof(struct image_values),
    .run = run_info,
};

const struct cli_command cli_image_list = {
    .name = "image list",
    .args = "FILE",
    .help = N_("all files of one edition"),
    .opt = list_opts,
    .nopts = CLI_LEN(list_opts),
    .nargs = 1,
    .value_bytes = sizeof(struct image_values),
    .run = run_list,
};
